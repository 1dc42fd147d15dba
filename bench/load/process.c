#define _GNU_SOURCE
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void add_memory(int pid, struct process_cost *cost) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE *status = fopen(path, "r");
  if (!status) return;
  unsigned long kib;
  while (fgets(line, sizeof line, status)) {
    if (sscanf(line, "VmRSS: %lu", &kib) == 1) cost->resident_kib += kib;
    else if (sscanf(line, "RssAnon: %lu", &kib) == 1) cost->anonymous_kib += kib;
  }
  fclose(status);
}

// The process's CPU clock counts nanoseconds; /proc/<pid>/stat counts ticks of 10 ms, too coarse for half a second.
static void add_process(int pid, struct process_cost *cost) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time)) return;
  cost->cpu_ns += (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
  cost->processes++;
  add_memory(pid, cost);
}

static void add_tree(int pid, struct process_cost *cost) {
  add_process(pid, cost);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  if (!tasks) return;
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    char children_path[sizeof path + sizeof task->d_name + 16];
    snprintf(children_path, sizeof children_path, "%s/%s/children", path, task->d_name);
    FILE *children = fopen(children_path, "r");
    if (!children) continue;
    for (int child; fscanf(children, "%d", &child) == 1;) add_tree(child, cost);
    fclose(children);
  }
  closedir(tasks);
}

struct process_cost process_cost_of(const char *pids) {
  struct process_cost cost = {0};
  char *list = strdup(pids), *rest = NULL;
  for (char *pid = strtok_r(list, ",", &rest); pid; pid = strtok_r(NULL, ",", &rest)) add_tree(atoi(pid), &cost);
  free(list);
  return cost;
}

uint64_t stolen_ns(void) {
  FILE *stat = fopen("/proc/stat", "r");
  if (!stat) return 0;
  unsigned long steal_ticks = 0;
  if (fscanf(stat, "cpu %*u %*u %*u %*u %*u %*u %*u %lu", &steal_ticks) != 1) steal_ticks = 0;
  fclose(stat);
  return (uint64_t)steal_ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}
