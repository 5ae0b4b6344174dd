import type { UIMessageChunk } from 'ai';
import { MessageUnderConstruction } from './message-under-construction';

const metadata = { provider: { signature: 'x' } };

describe('a message under construction', () => {
  const refuse = (error: unknown) => {
    throw error;
  };

  it('is what its chunks add up to, each part ended though nobody said so', async () => {
    const message = new MessageUnderConstruction(refuse);
    const chunks: UIMessageChunk[] = [
      { type: 'start' },
      { type: 'start-step' },
      { type: 'reasoning-start', id: 'r' },
      { type: 'reasoning-delta', id: 'r', delta: 'Hm' },
      { type: 'reasoning-delta', id: 'r', delta: '.', providerMetadata: metadata },
      { type: 'reasoning-end', id: 'r' },
      { type: 'text-start', id: '1' },
      { type: 'text-start', id: '2' },
      { type: 'text-delta', id: '1', delta: 'a' },
      { type: 'text-delta', id: '1', delta: 'b' },
      { type: 'text-delta', id: '2', delta: 'c' },
      { type: 'text-delta', id: '1', delta: 'd' },
      { type: 'source-url', sourceId: 's', url: 'https://example.com' },
      { type: 'text-end', id: '1' },
      { type: 'error', errorText: 'says nothing' },
    ];
    chunks.forEach((chunk) => message.add(chunk));
    expect(await message.whole()).toMatchObject([
      { type: 'step-start' },
      { type: 'reasoning', text: 'Hm.', providerMetadata: metadata },
      { type: 'text', text: 'abd', state: 'done' },
      { type: 'text', text: 'c', state: 'done' },
      { type: 'source-url', url: 'https://example.com' },
    ]);
  });

  it('can be asked for on the way', async () => {
    const message = new MessageUnderConstruction(refuse);
    message.add({ type: 'text-start', id: '1' });
    for (let n = 0; n < 500; n += 1) message.add({ type: 'text-delta', id: '1', delta: 'x' });
    const [part] = await message.soFar();
    expect(part === undefined || part.type === 'text').toBe(true);
    message.add({ type: 'text-delta', id: '1', delta: 'y' });
    expect(await message.whole()).toMatchObject([{ type: 'text', text: `${'x'.repeat(500)}y` }]);
  });

  it('keeps what it could read, and says what it could not', async () => {
    const refused: unknown[] = [];
    const message = new MessageUnderConstruction((error) => void refused.push(error));
    message.add({ type: 'text-start', id: '1' });
    message.add({ type: 'text-delta', id: '1', delta: 'kept' });
    message.add({ type: 'text-delta', id: 'never begun', delta: '?' });
    message.add({ type: 'text-delta', id: '1', delta: 'too late' });
    expect(await message.whole()).toMatchObject([{ type: 'text', text: 'kept' }]);
    expect(refused).toHaveLength(1);
  });
});
