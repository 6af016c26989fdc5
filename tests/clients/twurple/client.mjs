// A game backend that fetches its claims with Twurple: lists what is claimed page by page, finds two by id, marks all as
// fulfilled, and looks again. Prints what it saw as JSON, for the test that started it.
import { ApiClient } from '@twurple/api';
import { AppTokenAuthProvider } from '@twurple/auth';

const { CLIENT_ID, CLIENT_SECRET, GAME_ID, USER_ID } = process.env;
const MOST_AT_ONCE = 100;

const api = new ApiClient({
  authProvider: new AppTokenAuthProvider(CLIENT_ID, CLIENT_SECRET),
  logger: { minLevel: 'error' },
});
const plain = entitlement => ({
  id: entitlement.id,
  rewardId: entitlement.rewardId,
  userId: entitlement.userId,
  gameId: entitlement.gameId,
  status: entitlement.fulfillmentStatus,
  granted: entitlement.grantDate.toISOString(),
  updated: entitlement.updateDate.toISOString(),
});
const list = filter => api.entitlements.getDropsEntitlements({ gameId: GAME_ID, ...filter });
const listAll = filter => api.entitlements.getDropsEntitlementsPaginated({ gameId: GAME_ID, ...filter }).getAll();

const first = await list({ fulfillmentStatus: 'CLAIMED', limit: 3 });
const second = await list({ fulfillmentStatus: 'CLAIMED', limit: 3, after: first.cursor });
const claimed = await listAll({ fulfillmentStatus: 'CLAIMED' });
const ids = claimed.map(({ id }) => id);
const byId = await api.entitlements.getDropsEntitlementsByIds(ids.slice(0, 2));
const ofUser = await api.entitlements.getDropsEntitlements({ user: USER_ID }, true);

const updated = {};
for (let at = 0; at < ids.length; at += MOST_AT_ONCE) {
  const batch = ids.slice(at, at + MOST_AT_ONCE);
  Object.assign(updated, Object.fromEntries(await api.entitlements.updateDropsEntitlements(batch, 'FULFILLED')));
}
Object.assign(updated, Object.fromEntries(await api.entitlements.updateDropsEntitlements(['of-nobody'], 'FULFILLED')));

console.log(JSON.stringify({
  pages: [first.data.map(plain), second.data.map(plain)],
  claimed: claimed.map(plain),
  byId: byId.map(plain),
  ofUser: ofUser.data.map(plain),
  updated,
  left: (await listAll({ fulfillmentStatus: 'CLAIMED' })).map(plain),
  fulfilled: (await listAll({ fulfillmentStatus: 'FULFILLED' })).map(plain),
  token: await api.getTokenInfo().then(info => info.clientId),
}));
