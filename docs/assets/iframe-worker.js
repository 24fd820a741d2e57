// Opened from the disk, a page may not start workers: search then runs in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.title = "Search"
      document.body.appendChild(frame)
      const inner = frame.contentWindow
      this.onmessage = null
      this.inner = inner
      inner.importScripts = (...urls) =>
        urls.reduce((before, each) => before.then(() => new Promise((done, fail) => {
          const script = inner.document.createElement("script")
          script.src = each
          script.onload = done
          script.onerror = fail
          inner.document.body.appendChild(script)
        })), Promise.resolve())
      inner.postMessage = data => {
        const message = new MessageEvent("message", { data })
        this.dispatchEvent(message)
        if (this.onmessage) this.onmessage(message)
      }
      this.ready = inner.importScripts(url)
    }
    postMessage(data) {
      this.ready.then(() => {
        const message = new this.inner.MessageEvent("message", { data })
        this.inner.dispatchEvent(message)
        if (this.inner.onmessage) this.inner.onmessage(message)
      })
    }
    terminate() {}
  }
}
