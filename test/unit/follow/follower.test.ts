import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Follower, type FollowerOptions } from "../../../src/follow/index.ts";

/** What is followed, and what was told of it. */
class Followed {
  stamp = "1";
  content: () => string | Promise<string> = () => "first";
  /** Set: it cannot be seen, for this reason. */
  outage: string | undefined;
  /** Set: nothing is seen before it resolves. */
  slow: Promise<void> | undefined;
  looks = 0;
  readonly told: string[] = [];

  follow(changes: Partial<FollowerOptions<string>> = {}): Follower<string> {
    return new Follower({
      look: async () => {
        this.looks += 1;
        await this.slow;
        if (this.outage !== undefined) throw new Error(this.outage);
        const { content } = this;
        return { stamp: this.stamp, content: () => content() };
      },
      stamp: "1",
      everyMs: 0,
      use: (content) => void this.told.push(content),
      onProblem: (why) => void this.told.push(`problem: ${why}`),
      onMended: () => void this.told.push("mended"),
      ...changes,
    });
  }

  becomes(stamp: string, content: string | Error): void {
    this.stamp = stamp;
    this.content = () => {
      if (content instanceof Error) throw content;
      return content;
    };
  }
}

describe("a follower", () => {
  let followed: Followed;
  let follower: Follower<string>;
  beforeEach(() => {
    followed = new Followed();
    follower = followed.follow();
  });
  afterEach(() => follower.close());

  it("reads nothing while the stamp stays", async () => {
    followed.becomes("1", new Error("not to be read"));
    await follower.look();
    expect(followed.told).toEqual([]);
  });

  it("gives what is new, once", async () => {
    followed.becomes("2", "second");
    await follower.look();
    await follower.look();
    expect(followed.told).toEqual(["second"]);
  });

  it("takes what it sees first for new where nothing is in use", async () => {
    const fresh = new Followed();
    const starting = fresh.follow({ stamp: undefined });
    await starting.look();
    starting.close();
    expect(fresh.told).toEqual(["first"]);
  });

  it("tells once that nothing can be seen", async () => {
    followed.outage = "no such file";
    for (let look = 0; look < 3; look += 1) await follower.look();
    expect(followed.told).toEqual(["problem: no such file"]);
  });

  it("tells when what is in use is there again, and does not read it anew", async () => {
    followed.outage = "no such file";
    await follower.look();
    followed.outage = undefined;
    await follower.look();
    await follower.look();
    expect(followed.told).toEqual(["problem: no such file", "mended"]);
  });

  it("tries what is of no use once for each change", async () => {
    followed.becomes("2", new Error("nonsense"));
    await follower.look();
    await follower.look();
    followed.becomes("3", new Error("nonsense"));
    await follower.look();
    expect(followed.told).toEqual(["problem: nonsense", "problem: nonsense"]);
  });

  it("takes it for of no use when whoever uses it says so", async () => {
    follower.close();
    follower = followed.follow({ use: () => Promise.reject(new Error("wrong key")) });
    followed.becomes("2", "second");
    await follower.look();
    expect(followed.told).toEqual(["problem: wrong key"]);
  });

  it("tells that all is well when the new is of use after all", async () => {
    followed.becomes("2", new Error("nonsense"));
    await follower.look();
    followed.becomes("3", "third");
    await follower.look();
    expect(followed.told).toEqual(["problem: nonsense", "third", "mended"]);
  });

  it("tells that all is well when what is in use has been put back", async () => {
    followed.becomes("2", new Error("nonsense"));
    await follower.look();
    followed.becomes("1", "first");
    await follower.look();
    expect(followed.told).toEqual(["problem: nonsense", "mended"]);
  });

  it("looks once more for one who asks while it looks", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    followed.slow = promise;
    const looking = follower.look();
    const again = follower.look();
    resolve();
    await Promise.all([looking, again]);
    expect(followed.looks).toBe(2);
  });

  it("tells nothing once it is closed, not even what it was reading", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    followed.stamp = "2";
    followed.content = () => promise;
    const looking = follower.look();
    follower.close();
    resolve("second");
    await looking;
    expect(followed.told).toEqual([]);
  });

  it("tells no problem once it is closed", async () => {
    followed.becomes("2", new Error("nonsense"));
    const { promise, resolve } = Promise.withResolvers<void>();
    followed.slow = promise;
    const looking = follower.look();
    follower.close();
    resolve();
    await looking;
    await follower.look();
    expect([followed.told, followed.looks]).toEqual([[], 1]);
  });
});

describe("a follower in time", () => {
  let followed: Followed;
  let follower: Follower<string>;
  beforeEach(() => {
    vi.useFakeTimers();
    followed = new Followed();
  });
  afterEach(() => {
    follower.close();
    vi.useRealTimers();
  });
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it("looks again and again by itself", async () => {
    follower = followed.follow({ everyMs: 100 });
    await pass(250);
    expect(followed.looks).toBe(2);
  });

  it("does not look by itself where it is told so", async () => {
    follower = followed.follow();
    await pass(100_000);
    expect(followed.looks).toBe(0);
  });

  it("does not look again before it is done", async () => {
    follower = followed.follow({ everyMs: 100 });
    followed.slow = new Promise(() => {});
    await pass(1000);
    expect(followed.looks).toBe(1);
  });

  it("leaves no timer behind", async () => {
    follower = followed.follow({ everyMs: 100, quietMs: 1000 });
    followed.becomes("2", "second");
    await pass(100);
    follower.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  describe("that waits for quiet", () => {
    beforeEach(() => {
      follower = followed.follow({ everyMs: 10, quietMs: 100 });
    });

    it("gives what was left alone", async () => {
      followed.becomes("2", "second");
      await pass(109);
      expect(followed.told).toEqual([]);
      await pass(1);
      expect(followed.told).toEqual(["second"]);
    });

    it("waits anew with every change", async () => {
      for (const stamp of ["2", "3", "4"]) {
        followed.becomes(stamp, `content ${stamp}`);
        await pass(90);
      }
      await pass(30);
      expect(followed.told).toEqual(["content 4"]);
    });

    it("tells nothing of what was away for a moment", async () => {
      followed.outage = "no such file";
      await pass(50);
      followed.outage = undefined;
      await pass(1000);
      expect(followed.told).toEqual([]);
    });

    it("tells nothing of what was put back", async () => {
      followed.becomes("2", "second");
      await pass(50);
      followed.becomes("1", "first");
      await pass(1000);
      expect(followed.told).toEqual([]);
    });

    it("gives nothing that changed while it was read", async () => {
      followed.stamp = "2";
      followed.content = () => {
        followed.becomes("3", "third");
        return "half of the second";
      };
      await pass(1000);
      expect(followed.told).toEqual(["third"]);
    });

    it("tells of what stays away", async () => {
      followed.outage = "no such file";
      await pass(1000);
      expect(followed.told).toEqual(["problem: no such file"]);
    });
  });
});
