import { readFileSync, writeFileSync } from "node:fs";
import { runProgram } from "./child-program.ts";
import { TempDirectory } from "./temp-directory.ts";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** An authority that exists for one test run. Its key never leaves the temporary directory. */
export class CertificateAuthority {
  readonly #directory: TempDirectory;

  private constructor(directory: TempDirectory) {
    this.#directory = directory;
  }

  static async create(): Promise<CertificateAuthority> {
    const directory = new TempDirectory();
    await openssl(
      directory,
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -sha256",
      ["-subj", "/CN=Sluice test authority", "-keyout", "ca.key", "-out", "ca.pem"],
    );
    return new CertificateAuthority(directory);
  }

  /** File with the authority's certificate. */
  get certFile(): string {
    return this.#directory.join("ca.pem");
  }

  /** Certificate and key in one PEM, as Squid's ssl-bump wants them. */
  get bundle(): string {
    return this.#read("ca.pem") + this.#read("ca.key");
  }

  get cert(): string {
    return this.#read("ca.pem");
  }

  /** A server certificate for the names, e.g. `DNS:origin.test` or `IP:127.0.0.1`. */
  issue(...names: readonly string[]): Promise<Certificate> {
    return this.#issue("serverAuth", names);
  }

  /** A certificate with which a client shows who it is. */
  issueClient(...names: readonly string[]): Promise<Certificate> {
    return this.#issue("clientAuth", names);
  }

  /** As `issue`, but of a certificate whose day is long over. */
  async issueExpired(...names: readonly string[]): Promise<Certificate> {
    const { key } = await this.issue(...names);
    writeFileSync(this.#directory.join("index.txt"), "");
    writeFileSync(
      this.#directory.join("ca.cnf"),
      "[ca]\ndefault_ca=test\n[test]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n" +
        "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n",
    );
    await openssl(
      this.#directory,
      "ca -batch -notext -config ca.cnf -create_serial -cert ca.pem -keyfile ca.key -in leaf.csr",
      [
        ...["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"],
        ...["-extfile", "leaf.ext", "-out", "leaf.pem"],
      ],
    );
    return { key, cert: this.#read("leaf.pem") };
  }

  remove(): void {
    this.#directory.remove();
  }

  async #issue(usage: string, names: readonly string[]): Promise<Certificate> {
    const extensions = this.#directory.join("leaf.ext");
    writeFileSync(extensions, `subjectAltName=${names.join(",")}\nextendedKeyUsage=${usage}\n`);
    await openssl(
      this.#directory,
      "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=leaf",
      ["-keyout", "leaf.key", "-out", "leaf.csr"],
    );
    await openssl(
      this.#directory,
      "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -sha256",
      ["-extfile", extensions, "-out", "leaf.pem"],
    );
    return { key: this.#read("leaf.key"), cert: this.#read("leaf.pem") };
  }

  #read(file: string): string {
    return readFileSync(this.#directory.join(file), "utf8");
  }
}

async function openssl(directory: TempDirectory, words: string, rest: readonly string[]) {
  await runProgram("/usr/bin/openssl", [...words.split(" "), ...rest], { cwd: directory.path });
}
