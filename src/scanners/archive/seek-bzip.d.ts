/** The package has no types of its own. */
declare module "seek-bzip" {
  interface ByteInput {
    readByte(): number;
    read(target: Buffer, offset: number, length: number): number;
    eof(): boolean;
  }
  interface ByteOutput {
    writeByte(byte: number): void;
  }
  const seekBzip: {
    decode(input: ByteInput, output: ByteOutput, isMultiStream: boolean): void;
  };
  // biome-ignore lint/style/noDefaultExport: this is what the package exports
  export default seekBzip;
}
