// What scrolls can be reached by keyboard: wide tables get their wrapper from the theme, a moment later.
const reachable = () => {
  for (const wide of document.querySelectorAll(".md-typeset__scrollwrap"))
    wide.tabIndex = 0
  // The theme makes each block's buttons and each section a landmark of the same name: they need be none.
  for (const nav of document.querySelectorAll("nav.md-code__nav, nav.md-nav nav.md-nav"))
    if (nav.getAttribute("role") !== "none") {
      nav.setAttribute("role", "none")
      for (const name of ["aria-label", "aria-labelledby", "aria-expanded"]) nav.removeAttribute(name)
    }
  // The corner of a table, above the names of its rows, is the head of nothing.
  for (const corner of document.querySelectorAll("th:empty"))
    corner.replaceWith(document.createElement("td"))
}
new MutationObserver(reachable).observe(document.documentElement, { childList: true, subtree: true })
reachable()
