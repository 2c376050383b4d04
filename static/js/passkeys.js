/* A form with [data-passkey="use"] or "new" lets the device prove or make a passkey (Web Authentication, W3C).
 * It asks [data-options] for the challenge, puts the device's answer into the field "answer" and is sent as any form,
 * so the server answers with a page. Without script, or in a browser without passkeys, the button stays disabled
 * and the sentence beside it says why. */

class Refused extends Error {}

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => {
  let letters = "";
  for (const byte of new Uint8Array(buffer)) letters += String.fromCharCode(byte);
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
const known = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

async function use(options) {
  const key = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = key.response;
  return written(key, {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    ...(userHandle && { userHandle: text(userHandle) }),
  });
}

async function make(options) {
  const key = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    },
  });
  const { clientDataJSON, attestationObject } = key.response;
  return written(key, {
    clientDataJSON: text(clientDataJSON),
    attestationObject: text(attestationObject),
    transports: key.response.getTransports?.() ?? [],
  });
}

const written = (key, response) =>
  JSON.stringify({
    id: key.id,
    rawId: text(key.rawId),
    type: key.type,
    response,
    clientExtensionResults: key.getClientExtensionResults(),
  });

async function send(form) {
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector("button");
  problem.hidden = true;
  button.disabled = true;
  try {
    const answer = await fetch(form.dataset.options, { method: "POST", body: new FormData(form) });
    if (answer.redirected) return location.assign(answer.url); // a fresh proof is wanted first
    const options = await answer.json();
    if (!answer.ok) throw new Refused(options.error);
    form.elements.answer.value = await (form.dataset.passkey === "use" ? use(options) : make(options));
    form.submit();
  } catch (error) {
    // The errors of browser and device are in their words and tell little; ours are sentences.
    problem.textContent = error instanceof Refused ? error.message : form.dataset.failed;
    problem.hidden = false;
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.querySelector("[data-passkey-missing]").hidden = true;
  form.querySelector("button").disabled = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
