/* form[data-sends-at-once]: a form that only waited for a fresh proof is sent as soon as its page is there. */

document.querySelector("form[data-sends-at-once]")?.requestSubmit();
