// What a process tree costs: CPU time and resident memory, as the kernel counts them.
#ifndef ICAPLOAD_PROCESS_H
#define ICAPLOAD_PROCESS_H

#include <stdint.h>

struct process_cost {
  uint64_t cpu_ns; // user + system, all threads, dead ones included
  uint64_t resident_kib;
  uint64_t anonymous_kib;
  int processes;
};

// Sums over the comma-separated process ids and all their living descendants.
struct process_cost process_cost_of(const char *pids);

// Time that the hypervisor gave to others, all CPUs, in ns.
uint64_t stolen_ns(void);

#endif
