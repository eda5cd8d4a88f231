import { describeCause, describeEnd, type Attempt, type Death } from '@trainer/model';
import { mebibytes, seconds, table, timeText } from './table.js';

/** What became of each attempt of a job, one a line. */
export function attemptsText(attempts: readonly Attempt[]): string {
  return table(
    ['ATTEMPT', 'STARTED', 'TOOK', 'NODES', 'MEMORY', 'FROM EPOCH', 'WHY IT ENDED'],
    attempts.map(({ number, startedAt, endedAt, nodes, memoryBytes, fromEpoch, end }) => [
      String(number),
      timeText(startedAt),
      endedAt === null ? '' : seconds(endedAt - startedAt),
      nodes.join(' '),
      mebibytes(memoryBytes),
      String(fromEpoch),
      end === null ? 'it goes on' : oneLine(describeEnd(end)),
    ]),
  );
}

/** How the newest incarnations of an actor ended, one a line. */
export function deathsText(deaths: readonly Death[]): string {
  const rows = deaths.map(({ incarnation, at, cause }) => [String(incarnation), timeText(at), oneLine(describeCause(cause))]);
  return table(['INCARNATION', 'ENDED', 'WHY'], rows);
}

/** A message may have several lines, and a table has one for it. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
