// Streams the state of a match to the portal with nothing but a WebSocket. The messages are in docs/game-state.md. Browsers, Deno, Bun and Node.js from 22 on have a WebSocket of their own. Node.js 20 has none: install the package "ws" and
// begin with `globalThis.WebSocket = (await import('ws')).WebSocket`. What it leaves out, the Python client does: it does not
// check what it sends, and gets no new token when one expires.

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type State = { [name: string]: Json };

export interface Options {
  url: string; // wss://drops.example.org/game-state/v1
  token: string; // as it is, without "Bearer"
  gameId: string;
  sessionId: string; // your own name of the match
  broadcasterIds: string[]; // whose streams show it: ["twitch:123456"]
}

const APART = 1050; // milliseconds between messages: a little over a second, so never over 60 in a minute
const SILENCE = 170_000; // after so long something is sent: the portal closes a line that is silent for 195 seconds
const DELTA_BYTES = 20_480;
const FOR_GOOD = [4004, 4005, 4006, 4007]; // the token, not allowed, replaced, dropped: do not come back

export class GameStream {
  state: State; // change it as you like: what changed is found out by itself
  private readonly options: Options;
  private finish!: (code: number) => void;
  private readonly over = new Promise<number>((resolve) => (this.finish = resolve));
  private sent: State = {};
  private socket?: WebSocket;
  private ticking?: ReturnType<typeof setInterval>;
  private lastSent = 0;
  private live = false;
  private ending = false;
  private failures = 0;
  private told?: number; // how many milliseconds the portal said to wait

  constructor(options: Options, state: State) {
    this.options = options;
    this.state = state;
    this.connect();
  }

  /** Sends the last changes, ends the session, and returns the code with which the line was closed: 1000. */
  end(): Promise<number> {
    this.ending = true;
    return this.over;
  }

  private connect(): void {
    const { token, gameId, sessionId, broadcasterIds } = this.options;
    const socket = (this.socket = new WebSocket(this.options.url));
    socket.onopen = () => {
      const ids = { game_id: gameId, session_id: sessionId, broadcaster_ids: broadcasterIds };
      this.send({ type: 'connect', version: 1, token, ...ids, data: this.state });
      this.sent = structuredClone(this.state);
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = ({ code }) => {
      clearInterval(this.ticking);
      if (FOR_GOOD.includes(code) || (this.ending && code === 1000)) return this.finish(code);
      const wait = this.told ?? Math.min(60_000, 1000 * 2 ** this.failures++) * (0.5 + Math.random() / 2);
      this.told = undefined;
      setTimeout(() => this.connect(), wait);
    };
  }

  private hear(message: any): void {
    if (message.type === 'connected') {
      this.failures = 0;
      this.ticking = setInterval(() => this.tick(), APART);
    }
    if (message.broadcasters) this.live = Object.values(message.broadcasters).includes('live');
    if (message.type === 'error') console.warn(`Refused (${message.code}): ${message.message}`);
    if (message.type !== 'reconnect') return;
    this.told = message.milliseconds;
    this.socket?.close();
  }

  private tick(): void {
    // While nobody is live only the line is kept open.
    const patch = this.live || this.ending ? changes(this.sent, this.state) : {};
    const silent = Date.now() - this.lastSent > SILENCE;
    if (Object.keys(patch).length === 0 && !silent) return this.ending ? this.send({ type: 'disconnect' }) : undefined;
    const delta = { type: 'delta', data: patch };
    const long = new TextEncoder().encode(JSON.stringify(delta)).length > DELTA_BYTES;
    this.send(long || silent ? { type: 'refresh', data: this.state } : delta);
    this.sent = structuredClone(this.state);
  }

  private send(message: object): void {
    this.lastSent = Date.now();
    this.socket?.send(JSON.stringify(message));
  }
}

/** What makes `after` of `before`, as a JSON Merge Patch (RFC 7396): null removes, lists are replaced whole. */
export function changes(before: State, after: State): State {
  const patch: State = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (JSON.stringify(old) === JSON.stringify(value)) continue;
    patch[name] = isObject(old) && isObject(value) ? changes(old, value) : value;
  }
  return patch;
}

function isObject(value: Json | undefined): value is State {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A match: a dragon wakes and falls. */
export async function playMatch(options: Options): Promise<number> {
  const stream = new GameStream(options, { boss: { state: 'asleep', health: 100 }, winners: [] });
  for (const health of [75, 50, 25, 0]) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    stream.state.boss = { state: health ? 'awake' : 'dead', health };
  }
  stream.state.winners = ['red'];
  return stream.end();
}
