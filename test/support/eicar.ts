/**
 * The EICAR test file (eicar.org): harmless, and known to every scanner. Put together here, so that
 * no scanner finds it in this repository.
 */
export const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join(
  "EICAR-",
);
