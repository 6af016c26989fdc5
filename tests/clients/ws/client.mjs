// A game server of its own that speaks to the portal by ws: what it is answered, as JSON, for the test that started it.
import { WebSocket } from 'ws';

const { URL: url, TOKEN: token, GAME_ID: game_id, SESSION_ID, BROADCASTER_ID } = process.env;
const broadcaster_ids = [BROADCASTER_ID];
const connect = (changes = {}) => ({
  type: 'connect',
  version: 1,
  token,
  game_id,
  session_id: SESSION_ID,
  broadcaster_ids,
  data: { boss: { state: 'asleep' } },
  ...changes,
});

// Opens a line and sends the messages one after the other, each once the one before is answered, if it is to be. Returns all
// that came, and the code with which the portal closed the line.
async function seen(...steps) {
  const socket = new WebSocket(url);
  const heard = [];
  let wake = () => {};
  socket.on('message', data => {
    heard.push(JSON.parse(data));
    wake();
  });
  const ended = new Promise(resolve => socket.on('close', resolve));
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  for (const { message, answered } of steps) {
    const answer = new Promise(resolve => (wake = resolve));
    socket.send(message instanceof Buffer || typeof message === 'string' ? message : JSON.stringify(message));
    if (answered) await Promise.race([answer, ended]);
  }
  return { heard, closed: await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 20_000, null))]) };
}

const told = message => ({ message, answered: true });
const untold = message => ({ message, answered: false });
const status = address =>
  new Promise(resolve => new WebSocket(address).on('unexpected-response', (_request, { statusCode }) => resolve(statusCode)));

const results = {
  match: await seen(
    told(connect()),
    untold({ type: 'delta', data: { boss: { state: 'dead' }, round: 2 } }),
    told({ type: 'flush' }),
    untold({ type: 'refresh', data: { round: 3 } }),
    told({ type: 'flush' }),
    told({ type: 'disconnect' }),
  ),
  mistakes: await seen(
    told({ type: 'delta', data: {} }),
    told('no JSON'),
    told('[]'),
    told('{"type":"flush","type":"flush"}'),
    told('{"type":"delta","data":{"n":NaN}}'),
    told('{"type":"delta","data":{"n":9007199254740993}}'),
    told({ type: 'weather' }),
    told(connect({ version: 2 })),
    told(connect({ session_id: '' })),
    told(connect({ session_id: `${SESSION_ID}-mistakes` })),
    told(connect()),
    told({ type: 'delta', data: { text: 'x'.repeat(20480) } }),
    told({ type: 'refresh', data: { text: 'x'.repeat(102400) } }),
    told({ type: 'flush', text: 'x'.repeat(20480) }),
    told({ type: 'delta', data: 5 }),
    told({ type: 'flush' }),
    told({ type: 'disconnect' }),
  ),
  prefixed: await seen(told(connect({ token: `Bearer ${token}` }))),
  unknown: await seen(told(connect({ token: 'unknown' }))),
  otherGame: await seen(told(connect({ game_id: '01M8A30C2DKW0V2DQ6JCADV3VN' }))),
  notLinked: await seen(told(connect({ broadcaster_ids: ['twitch:1'] }))),
  nobody: await seen(told(connect({ broadcaster_ids: undefined }))),
  binary: await seen(told(Buffer.from(JSON.stringify(connect())))),
  tooLong: await seen(told('x'.repeat(262145))),
  tooMany: await seen(told(connect({ session_id: `${SESSION_ID}-many` })), ...Array.from({ length: 61 * 2 }, () => untold({ type: 'delta', data: {} }))),
  wrongPath: await status(`${url}/elsewhere`),
};
console.log(JSON.stringify(results));
process.exit(0);
