import { message } from './message.js'

const show = (text) => { document.querySelector('#message').textContent = text }

show(message)
document.querySelector('#loaded').textContent = `loaded at ${performance.timeOrigin}`

// A changed message is shown without loading the page again.
if (import.meta.hot) {
  import.meta.hot.accept('./message.js', (next) => show(next.message))
}
