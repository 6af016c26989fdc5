// Runs docs/game-state/match.ts: checks and removes its types, gives it the WebSocket that Node.js 20 does not have, and plays.
import { readFile, rm, writeFile } from 'node:fs/promises';
import ts from 'typescript';
import { WebSocket } from 'ws';

const SOURCE = new URL('../../../docs/game-state/match.ts', import.meta.url);
const { OUT, URL: url, TOKEN: token, GAME_ID: gameId, SESSION_ID: sessionId, BROADCASTER_ID } = process.env;

const config = ts.readConfigFile('tsconfig.json', ts.sys.readFile).config;
const program = ts.createProgram([SOURCE.pathname], ts.convertCompilerOptionsFromJson(config.compilerOptions, '.').options);
const faults = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
if (faults.length) throw new Error(faults.join('\n'));

const options = { target: 'ES2022', module: 'ES2022' };
const { outputText } = ts.transpileModule(await readFile(SOURCE, 'utf8'), { compilerOptions: options });
await writeFile(OUT, outputText);
globalThis.WebSocket ??= WebSocket;
const { changes, playMatch } = await import(OUT);
await rm(OUT);

const closed = await playMatch({ url, token, gameId, sessionId, broadcasterIds: [BROADCASTER_ID] });
const patches = JSON.parse(process.env.PATCHES).map(([before, after]) => changes(before, after));
console.log(JSON.stringify({ closed, patches }));
