import { VerdictReason } from "../../scanning/index.ts";
import type { ByteSource } from "../content/byte-source.ts";
import { MemberStore, type MemberStoreOptions, StoreFailure } from "../content/member-store.ts";
import { type ContainerBudget, InspectionOver, UnpackFailure } from "./limits.ts";
import type { Member } from "./unpacker.ts";

/** As much of a member as could be read, and why that is not all of it. */
export interface ReadMember {
  readonly source: ByteSource;
  readonly failure: UnpackFailure | undefined;
}

/**
 * Reads a member under the limits. What was read before a limit was passed or the content broke is
 * given back all the same: a threat in it counts. Throws only what is not about the content.
 */
export async function readMember(
  member: Member,
  budget: ContainerBudget,
  options: MemberStoreOptions,
): Promise<ReadMember> {
  const store = new MemberStore(options);
  let failure: UnpackFailure | undefined;
  try {
    checkDeclared(member, budget);
    for await (const piece of member.content) {
      countPiece(member, piece.length, store.size, budget);
      store.append(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    }
  } catch (error) {
    if (!isAboutContent(error)) {
      store.finish().close();
      throw error;
    }
    failure = asFailure(error);
  }
  return { source: store.finish(), failure };
}

/** A declared size costs nothing to check; that it is true is checked while unpacking. */
function checkDeclared({ declaredBytes }: Member, budget: ContainerBudget): void {
  if (declaredBytes === undefined) return;
  const { maxEntryBytes } = budget.whole.limits;
  if (declaredBytes > maxEntryBytes) throw tooLarge(maxEntryBytes);
  if (budget.isBomb(declaredBytes)) {
    throw new UnpackFailure(VerdictReason.ArchiveLimit, "declares a size that only a bomb has");
  }
}

function countPiece(member: Member, bytes: number, before: number, budget: ContainerBudget): void {
  const { maxEntryBytes } = budget.whole.limits;
  if (member.isCounted !== true) budget.countUnpacked(bytes);
  budget.whole.countBytes(bytes);
  if (before + bytes > maxEntryBytes) throw tooLarge(maxEntryBytes);
}

function tooLarge(maxEntryBytes: number): UnpackFailure {
  return new UnpackFailure(
    VerdictReason.ArchiveLimit,
    `member is larger than ${maxEntryBytes} bytes unpacked`,
  );
}

/** Whether an error says something about what is looked into, not about the work on it. */
export function isAboutContent(error: unknown): boolean {
  return !(error instanceof InspectionOver || error instanceof StoreFailure);
}

/** Whatever a decoder throws means that the content is not what its format says. */
export function asFailure(error: unknown): UnpackFailure {
  if (error instanceof UnpackFailure) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new UnpackFailure(VerdictReason.Malformed, why, { cause: error });
}
