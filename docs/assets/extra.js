// What scrolls can be reached by keyboard: wide tables get their wrapper from the theme, a moment later.
const reachable = () => {
  for (const wide of document.querySelectorAll(".md-typeset__scrollwrap"))
    wide.tabIndex = 0
  // The theme makes each block's buttons and each section a landmark of the same name: groups will do.
  for (const nav of document.querySelectorAll("nav.md-code__nav, nav.md-nav nav.md-nav"))
    if (nav.getAttribute("role") !== "group") nav.setAttribute("role", "group")
}
new MutationObserver(reachable).observe(document.documentElement, { childList: true, subtree: true })
reachable()
