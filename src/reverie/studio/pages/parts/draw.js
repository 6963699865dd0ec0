// The drawing library, named once: components are functions that return html`...`.
export {
  html,
  render,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "/pages/vendor/htm/preact-standalone.module.js";
