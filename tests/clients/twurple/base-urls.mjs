// Loaded before Twurple (node --import ./base-urls.mjs …). Twurple has Twitch's two base URLs written into it. Its code
// stays as it is: only where a call begins with one of them, the same call goes to the portal's instead. Nothing else of a
// call is touched, and a call to any other address is refused, so that nothing leaves this machine unnoticed.
const portal = process.env.PORTAL_URL;
if (!portal) throw new Error('Set PORTAL_URL to the address of the portal.');

const BASE_URLS = new Map([
  ['https://api.twitch.tv/helix/', `${portal}/helix/`],
  ['https://id.twitch.tv/oauth2/', `${portal}/oauth2/`],
]);

const send = globalThis.fetch;

globalThis.fetch = (address, options) => {
  for (const [theirs, ours] of BASE_URLS) {
    if (String(address).startsWith(theirs)) return send(ours + String(address).slice(theirs.length), options);
  }
  throw new Error(`A call to ${address} was not expected.`);
};
