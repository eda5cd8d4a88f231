import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Messages } from './messages.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (read: Uint8Array): string => new TextDecoder().decode(read);

/** What every adapter of Messages does. `connect` gives another connection to the same server. */
export function describeMessages(name: string, connect: () => Promise<Messages>): void {
  describe(`messages over ${name}`, () => {
    let a: Messages;
    let b: Messages;
    beforeEach(async () => {
      [a, b] = [await connect(), await connect()];
    });
    afterEach(async () => {
      await a.close();
      await b.close();
    });

    it('are answered by who serves the subject', async () => {
      b.serve('trainer.v1.x.place', async (read) => bytes(`${text(read)}!`));
      await b.flush();
      expect(text(await a.request('trainer.v1.x.place', bytes('hi'), 5000))).toBe('hi!');
    });

    it('are refused at once where nobody listens', async () => {
      await expect(a.request('trainer.v1.nobody', bytes('hi'), 5000)).rejects.toMatchObject({
        code: 'messages.unavailable',
        facts: { problem: 'no-responders' },
      });
    });

    it('are refused after the time given when the answer fails', async () => {
      b.serve('trainer.v1.broken', () => Promise.reject(new Error('no')));
      await b.flush();
      await expect(a.request('trainer.v1.broken', bytes('hi'), 50)).rejects.toMatchObject({ facts: { problem: 'timeout' } });
    });

    it('reach all who subscribed, by wildcards too, in order', async () => {
      const seen: string[] = [];
      const all = new Promise<void>((resolve) => {
        const note = (read: Uint8Array, subject: string): void => {
          seen.push(`${subject}=${text(read)}`);
          if (seen.length === 4) resolve();
        };
        b.subscribe('trainer.v1.job.*.events', note);
      });
      await b.flush();
      for (const n of ['1', '2', '3']) expect(a.publish('trainer.v1.job.a.events', bytes(n))).toBe(true);
      a.publish('trainer.v1.job.a.other', bytes('x'));
      a.publish('trainer.v1.job.b.events', bytes('4'));
      await all;
      expect(seen).toEqual([
        'trainer.v1.job.a.events=1',
        'trainer.v1.job.a.events=2',
        'trainer.v1.job.a.events=3',
        'trainer.v1.job.b.events=4',
      ]);
    });

    it('of a mebibyte get through, and larger ones are refused where they are sent', async () => {
      b.serve('trainer.v1.echo', async (read) => read);
      b.serve('trainer.v1.more', async (read) => new Uint8Array(read.length + 1));
      await b.flush();
      const most = new Uint8Array(2 ** 20);
      expect((await a.request('trainer.v1.echo', most, 5000)).length).toBe(most.length);
      expect(a.publish('trainer.v1.echo', most)).toBe(true);
      const more = new Uint8Array(2 ** 20 + 1);
      expect(() => a.publish('trainer.v1.echo', more)).toThrow('has 1048577 bytes; NATS takes up to 1048576');
      await expect(a.request('trainer.v1.echo', more, 5000)).rejects.toMatchObject({ code: 'value.too-large' });
      await expect(a.request('trainer.v1.more', most, 200)).rejects.toMatchObject({ facts: { problem: 'timeout' } });
      expect(a.isConnected).toBe(true);
    });

    it.each(['', 'a b', '.a', 'a.', 'a..b', 'a.*', 'a.>'])("can't be sent to '%s'", async (subject) => {
      expect(() => a.publish(subject, bytes('x'))).toThrow('is not a subject to send to');
      await expect(a.request(subject, bytes('x'), 1000)).rejects.toMatchObject({ code: 'request.invalid' });
    });

    it('go on after a handler has failed', async () => {
      const seen: string[] = [];
      const second = new Promise<void>((resolve) => {
        b.subscribe('trainer.v1.fails', (read) => {
          seen.push(text(read));
          if (seen.length === 2) resolve();
          throw new Error('no');
        });
      });
      await b.flush();
      a.publish('trainer.v1.fails', bytes('1'));
      a.publish('trainer.v1.fails', bytes('2'));
      await second;
      expect(seen).toEqual(['1', '2']);
    });

    it('reach nobody who closed the subscription', async () => {
      const seen: string[] = [];
      b.subscribe('trainer.v1.closed', () => seen.push('closed')).close();
      const open = new Promise<void>((resolve) => void b.subscribe('trainer.v1.closed', () => resolve()));
      await b.flush();
      a.publish('trainer.v1.closed', bytes('x'));
      await open;
      expect(seen).toEqual([]);
    });

    it('are dropped once the connection is closed', async () => {
      const changes: boolean[] = [];
      a.onChange((isConnected) => changes.push(isConnected));
      await a.close();
      await a.close();
      expect(a.isConnected).toBe(false);
      expect(a.publish('trainer.v1.x', bytes('x'))).toBe(false);
      await expect(a.request('trainer.v1.x', bytes('x'), 1000)).rejects.toMatchObject({ facts: { problem: 'disconnected' } });
      await expect(a.flush()).rejects.toMatchObject({ code: 'messages.unavailable' });
    });
  });
}
