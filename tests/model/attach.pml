/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attachment protocol with the very fields of a Volume (daemon/model/volume.h): two consumers that
 * may want it as writer or reader, any number of controllers (each step is one compare-and-swap, so
 * that more of them are the same as one), the pool node's agent with its two threads (fences, and
 * everything else) that work on what they read some time ago and may be killed between any two
 * steps, a power cut of the pool node, and consumers whose writes arrive any time later.
 *
 * What must hold: a write of an older generation never lands after a consumer was told of a newer
 * one (safe_write), and when a writer is told of its generation, no other gate is open (alone).
 *
 * G generations 1..G-1, REQUESTS changes of wants, CRASHES kills and power cuts. The BUG_ variants leave one
 * rule out each, and must be caught: tests/model/run.
 */
#ifndef G
#define G 4
#endif
#ifndef REQUESTS
#define REQUESTS 4
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#define RW 1
#define RO 2

/* spec */
byte want[2];			/* CSI: 0, RW, RO */
byte gen[2], mode[2];		/* controller: grants */
byte next = 1, below = 1;	/* controller: nextGeneration, fenceBelow */
bool one[G];			/* controller: fenceGenerations */
/* status.node */
byte ready[2];			/* generation reported as exported for a consumer */
byte st_below = 1;
bool st_one[G];
/* catalog: survives everything */
byte cat_floor = 1;
bool cat_dead[G], cat_live[G];
/* kernel of the pool node: survives a kill of the agent */
byte k_floor = 1;
bool k_dead[G], k_open[G], inflight[G];
bool booting;			/* floors and exports of the catalog are not back yet */
/* the world */
byte kind[G];			/* mode a generation was given with */
byte ctx[2], newest;		/* what consumers were told */
bool net[G];			/* a write of a generation is on its way */
byte requests, crashes;
bool kill_fence, kill_work;

#define asked(g) (below > g || one[g])
#define fenced(g) (st_below > g || st_one[g])
#define gate(g) (k_open[g] && g >= k_floor && !k_dead[g])

inline tell(n) {
	ctx[n] = gen[n];
	if
	:: gen[n] > newest -> newest = gen[n]
	:: else
	fi;
	/* alone: whoever writes has no neighbour */
	assert(mode[n] != RW || ((gen[n] == 1 || !gate(1)) && (gen[n] == 2 || !gate(2)) &&
	       (gen[n] == 3 || !gate(3))))
}

active proctype csi() {
	do
	:: atomic { requests < REQUESTS -> requests++;
		if
		:: want[0] = 0
		:: want[0] = RW
		:: want[0] = RO
		:: want[1] = 0
		:: want[1] = RW
		:: want[1] = RO
		fi }
	:: atomic { want[0] != 0 && want[0] == mode[0] && gen[0] != 0 && ready[0] == gen[0] &&
		    ctx[0] != gen[0] -> tell(0) }
	:: atomic { want[1] != 0 && want[1] == mode[1] && gen[1] != 0 && ready[1] == gen[1] &&
		    ctx[1] != gen[1] -> tell(1) }
	od
}

inline controller_drop(n) {
	one[gen[n]] = false; gen[n] = 0; mode[n] = 0
}

inline controller_fence(n) {
	if
	:: gen[1 - n] != 0 && gen[1 - n] < gen[n] && want[1 - n] == mode[1 - n] &&
	   !asked(gen[1 - n]) -> one[gen[n]] = true
	:: else -> below = gen[n] + 1
	fi
}

inline controller_give(n) {
	gen[n] = next; mode[n] = want[n]; kind[next] = want[n]; next++
}

#ifdef BUG_TWO_WRITERS
#define readers_only true
#define joins(n) true
#else
#define readers_only (want[0] != RW && want[1] != RW)
#define joins(n) (mode[1 - n] == RO)
#endif
#define may_give(n) (want[n] != 0 && gen[n] == 0 && next < G && \
		     (gen[1 - n] == 0 || (readers_only && joins(n))))

active proctype controller() {
	do
#ifdef BUG_NO_DRAIN
	:: atomic { gen[0] != 0 && asked(gen[0]) -> controller_drop(0) }
	:: atomic { gen[1] != 0 && asked(gen[1]) -> controller_drop(1) }
#else
	:: atomic { gen[0] != 0 && asked(gen[0]) && fenced(gen[0]) -> controller_drop(0) }
	:: atomic { gen[1] != 0 && asked(gen[1]) && fenced(gen[1]) -> controller_drop(1) }
#endif
	:: atomic { gen[0] != 0 && want[0] != mode[0] && !asked(gen[0]) -> controller_fence(0) }
	:: atomic { gen[1] != 0 && want[1] != mode[1] && !asked(gen[1]) -> controller_fence(1) }
	:: atomic { may_give(0) -> controller_give(0) }
	:: atomic { may_give(1) -> controller_give(1) }
	od
}

/* cluster_fence.c: its own thread, on what it read */
active proctype fences() {
	byte f, g;
restart:
	do
	:: atomic { kill_fence -> kill_fence = false }
	:: atomic { !booting && !kill_fence -> f = 0; g = 0; break }
	od;
	do
	:: atomic { below > st_below -> f = below };
#ifndef BUG_NO_PERSIST
	   atomic { if
		:: f > cat_floor -> cat_floor = f
		:: else
		fi };
#endif
	   atomic { if
		:: f > k_floor -> k_floor = f
		:: else
		fi };
	   atomic { (f <= 1 || !inflight[1]) && (f <= 2 || !inflight[2]) && (f <= 3 || !inflight[3]) };
	   atomic { if
		:: f > st_below -> st_below = f
		:: else
		fi; f = 0 }
	:: atomic { if
		:: one[1] && !st_one[1] -> g = 1
		:: one[2] && !st_one[2] -> g = 2
		:: one[3] && !st_one[3] -> g = 3
		fi };
#ifndef BUG_ONE_NOT_PERSISTED
	   atomic { cat_dead[g] = true; cat_live[g] = false };
#endif
	   k_dead[g] = true;
	   atomic { !inflight[g] };
	   atomic { st_one[g] = true; g = 0 }
	od unless { atomic { kill_fence -> kill_fence = false } };
	goto restart
}

/* cluster_volume.c: the other thread; opens what it once read as granted */
active proctype work() {
	byte g, n;
restart:
	do
	:: atomic { kill_work -> kill_work = false }
	:: atomic { !booting && !kill_work -> g = 0; n = 0; break }
	od;
	do
	:: atomic { gen[0] != 0 && !asked(gen[0]) && (ready[0] != gen[0] || !k_open[gen[0]]) ->
		n = 0; g = gen[0] }; goto open
	:: atomic { gen[1] != 0 && !asked(gen[1]) && (ready[1] != gen[1] || !k_open[gen[1]]) ->
		n = 1; g = gen[1] }; goto open
	:: false ->
open:
	   if
	   :: atomic { g >= cat_floor && !cat_dead[g] -> cat_live[g] = true };
	      if
	      :: atomic { g >= k_floor && !k_dead[g] -> k_open[g] = true };
		 atomic { ready[n] = g; g = 0 }
	      :: atomic { else -> g = 0 }
	      fi
	   :: atomic { else -> g = 0 }
	   fi
	od unless { atomic { kill_work -> kill_work = false } };
	goto restart
}

#ifdef BUG_EXPORTS_FIRST
#define lives(g) cat_live[g]
#else
#define lives(g) (cat_live[g] && !cat_dead[g] && g >= cat_floor)
#endif

active proctype faults() {
	do
	/* kill -9: both threads lose what they knew, the kernel goes on */
	:: atomic { crashes < CRASHES && !kill_fence && !kill_work -> crashes++;
		kill_fence = true; kill_work = true }
	/* power cut */
	:: atomic { crashes < CRASHES && !kill_fence && !kill_work && !booting -> crashes++;
		kill_fence = true; kill_work = true; booting = true; k_floor = 1;
		k_dead[1] = false; k_dead[2] = false; k_dead[3] = false;
		k_open[1] = false; k_open[2] = false; k_open[3] = false;
		inflight[1] = false; inflight[2] = false; inflight[3] = false }
	/* start of the agent: floors before anything else, then what the catalog says is live */
	:: atomic { booting && !kill_fence && !kill_work ->
#ifndef BUG_EXPORTS_FIRST
		k_floor = cat_floor;
		k_dead[1] = cat_dead[1]; k_dead[2] = cat_dead[2]; k_dead[3] = cat_dead[3];
#endif
		k_open[1] = lives(1); k_open[2] = lives(2); k_open[3] = lives(3); booting = false }
	od
}

/* a consumer writes with whatever it was last told, for ever; what it sent may arrive any time later */
active proctype consumers() {
	do
	:: atomic { ctx[0] != 0 && kind[ctx[0]] == RW && !net[ctx[0]] -> net[ctx[0]] = true }
	:: atomic { ctx[1] != 0 && kind[ctx[1]] == RW && !net[ctx[1]] -> net[ctx[1]] = true }
	od
}

/* safe_write */
#define land(g) assert(g >= newest); inflight[g] = false

active proctype target() {
	do
	:: atomic { net[1] && k_open[1] && !inflight[1] -> net[1] = false; inflight[1] = gate(1) }
	:: atomic { net[2] && k_open[2] && !inflight[2] -> net[2] = false; inflight[2] = gate(2) }
	:: atomic { net[3] && k_open[3] && !inflight[3] -> net[3] = false; inflight[3] = gate(3) }
	:: atomic { inflight[1] -> land(1) }
	:: atomic { inflight[2] -> land(2) }
	:: atomic { inflight[3] -> land(3) }
	od
}
