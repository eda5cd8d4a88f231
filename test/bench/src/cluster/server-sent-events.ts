/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** @returns a function that takes the pieces of a stream and tells `onEvent` each event that is whole (WHATWG HTML, 9.2.6). */
export function createParser(onEvent: (event: ServerSentEvent) => void): (piece: Uint8Array) => void {
  const decoder = new TextDecoder();
  let rest = '';
  return (piece) => {
    rest += decoder.decode(piece, { stream: true });
    const frames = rest.split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) tell(frame, onEvent);
  };
}

function tell(frame: string, onEvent: (event: ServerSentEvent) => void): void {
  let event = 'message';
  const data: string[] = [];
  for (const line of frame.split('\n')) {
    if (line.startsWith('event: ')) event = line.slice(7);
    else if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  if (data.length > 0) onEvent({ event, data: data.join('\n') });
}
