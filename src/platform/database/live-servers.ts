import { Inject, Injectable } from '@nestjs/common';
import { Database } from './database';
import { AcrossTeams } from './transactions';

/** A server beside this process, as the database sees it. */
export interface LiveServer {
  /** Which of the names that were asked for it holds. */
  held: string[];
  /** It holds no name at all: it is starting, or of a version that holds none. */
  isSilent: boolean;
}

type SeenServer = LiveServer & { id: number };

/** What servers say of themselves to each other and to the terminal. On the embedded database there is one process, and nobody to ask. */
@Injectable()
export class LiveServers {
  /** Between two looks: who is cut off from the database comes back within a second or two. */
  secondLookMs = 3_000;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AcrossTeams) private readonly acrossTeams: AcrossTeams,
  ) {}

  /** No server can run beside this process. */
  get isAlone(): boolean {
    return this.database.mode === 'embedded';
  }

  /** Says `name` of this server, for as long as it lives. */
  hold(name: string): Promise<void> {
    return this.database.session.hold(name);
  }

  /** Those that are seen now: one that is cut off from the database for a moment is not. */
  list(names: string[]): Promise<LiveServer[]> {
    return this.look(names);
  }

  /** Those that are seen now or a moment later, as they were seen last. */
  async listPatiently(names: string[]): Promise<LiveServer[]> {
    if (this.isAlone) return [];
    const first = await this.look(names);
    await new Promise((resolve) => setTimeout(resolve, this.secondLookMs));
    const seen = [...first, ...(await this.look(names))];
    return [...new Map(seen.map((server) => [server.id, server])).values()];
  }

  private async look(names: string[]): Promise<SeenServer[]> {
    if (this.isAlone) return [];
    return this.acrossTeams.read<SeenServer>(this.database.session.listServers, [names]);
  }
}
