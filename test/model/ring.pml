/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ring and the mailbox between the decoder and the unpacker, for spin: restore/decode/ring.c, blocks.c (work, fail,
 * give_up, decode_blocks) and decoder.c (serve, decoder_begin, part_ended). An inline below has the name of the function
 * that it follows, and a step is one access to what is shared, as all of those are sequentially consistent.
 *
 * Shown: nobody sleeps for ever, blocks arrive whole and in order, the end behind the last of them, and no slot is read
 * while it is written. Sleeps have no time limits here, so that a lost wake is a deadlock, but for the one that
 * ring_stop() counts on. One of the blocks may be damaged, in FAILS.
 *
 * SLOTS, BLOCKS (of a part), PARTS: sizes. LEAVE_OUT_WAKE_UNPACKER, _AT_END, _PRODUCERS, _DECODER, SLEEP_AFTER_PUBLISHED,
 * RELEASE_BEFORE_EMPTY and CLAIM_TOO_EARLY are what spin must find fault with. Either wake of the producers alone may be left out, as that in
 * ring_take() is for speed.
 */
#ifndef SLOTS
#define SLOTS 3
#endif
#ifndef BLOCKS
#define BLOCKS 4
#endif
#ifndef PARTS
#define PARTS 2
#endif

#define EMPTY 0
#define AWAITED 1
#define PUBLISHED 2 /* and 3 is the end of the part, which has no bytes */
#define END 3
#define NOBODY 255

/* struct ring_shared, and the slots: which block lies in one, and who is at it */
byte ready[SLOTS];
byte released, waiting;
byte bytes[SLOTS];
bool written[SLOTS], read[SLOTS];

/* struct mailbox */
byte requests;
bool failed_part;

/* the decoder's own: struct ring, struct pool, struct decode */
bool stopped, locked;
byte block, last, result, failed, working;
#define GOES_ON 0
#define NO_MORE 1
#define FAILED 2

/* who sleeps on which word */
bool on_released[2], on_ready[SLOTS], on_requests;

inline futex_wait(word, value, asleep, limited)
{
    atomic { if :: word == value -> asleep = true :: else fi }
    (!asleep || limited);
    asleep = false
}

inline wake_producers()
{
    if
#ifndef LEAVE_OUT_WAKE_PRODUCERS
    :: waiting > 0 -> on_released[0] = false; on_released[1] = false
#endif
    :: else
    fi
}

/* @ok is false after ring_stop(). */
inline ring_claim(number, ok)
{
    ok = true;
    do
    :: seen = released;
       if
#ifdef CLAIM_TOO_EARLY
       :: number - seen <= SLOTS -> break
#else
       :: number - seen < SLOTS -> break
#endif
       :: else
       fi;
       if
       :: stopped -> ok = false; break
       :: else
       fi;
       waiting++;
       futex_wait(released, seen, on_released[me], stopped);
       waiting--
    od
}

inline ring_publish(number, state)
{
    atomic { seen = ready[number % SLOTS]; ready[number % SLOTS] = state }
    if
#ifndef LEAVE_OUT_WAKE_UNPACKER
    :: seen == AWAITED -> on_ready[number % SLOTS] = false
#endif
    :: else
    fi
}

inline ring_publish_end(number)
{
    ring_publish(number, END);
    atomic { slot = 0 }
    do
    :: slot < SLOTS ->
       atomic {
           seen = ready[slot];
           if
           :: seen == AWAITED -> ready[slot] = EMPTY
           :: else
           fi
       }
       if
#ifndef LEAVE_OUT_WAKE_AT_END
       :: seen == AWAITED -> on_ready[slot] = false
#endif
       :: else
       fi;
       slot++
    :: else -> break
    od
}

inline sleep_until(number)
{
    atomic {
        state = ready[(number) % SLOTS];
        if
        :: state == EMPTY -> ready[(number) % SLOTS] = AWAITED
        :: else
        fi
    }
    if
    :: state < PUBLISHED ->
       if
#ifndef SLEEP_AFTER_PUBLISHED
       :: ready[next % SLOTS] >= PUBLISHED
#endif
       :: else -> futex_wait(ready[(number) % SLOTS], AWAITED, on_ready[(number) % SLOTS], false)
       fi
    :: else
    fi
}

inline ring_stop()
{
    stopped = true;
    on_released[0] = false;
    on_released[1] = false
}

inline decode(number)
{
    written[number % SLOTS] = true;
    assert(!read[number % SLOTS]);
    bytes[number % SLOTS] = number;
    assert(!read[number % SLOTS]);
    written[number % SLOTS] = false
}

inline lock()
{
    atomic { !locked -> locked = true }
}

inline unlock()
{
    locked = false
}

/* blocks.c's, each under the pool's lock */
inline fail(number)
{
    if
    :: result == FAILED && number >= failed
    :: else -> result = FAILED; failed = number; ring_stop()
    fi
}

inline give_up(number)
{
    if
    :: number < failed -> failed = number
    :: else
    fi
}

inline work()
{
    do
    :: lock();
       if
       :: result == GOES_ON && block < last -> number = block; block++; mine = true
       :: result == GOES_ON && block == last -> result = NO_MORE; mine = false
       :: else -> mine = false
       fi;
       unlock();
       if
       :: !mine -> break
       :: else
       fi;
       ring_claim(number, ok);
       if
       :: !ok -> lock(); give_up(number); unlock(); break
       :: else
       fi;
       if
       :: decode(number); ring_publish(number, PUBLISHED)
#ifdef FAILS
       :: lock(); fail(number); unlock(); break
#endif
       fi
    od
}

/* The decoder's first thread, decoder.c's serve() with decode_blocks() in it. */
proctype Decoder(byte me)
{
    byte served, seen, number, slot;
    bool mine, ok;

    do
    :: do
       :: seen = requests;
          if
          :: seen != served -> break
          :: else
          fi;
          atomic { if :: requests == seen -> on_requests = true :: else fi }
end_of_work:
          !on_requests
       od;
       atomic { result = GOES_ON; last = block + BLOCKS; working = 1 } /* pthread_create() */
       work();
       (working == 0); /* pthread_join() */
       if
       :: result == FAILED -> block = failed; failed_part = true
       :: else
       fi;
       stopped = false;
       ring_claim(block, ok);
       ring_publish_end(block);
       block++;
       served++
    od
}

proctype Thread(byte me)
{
    byte seen, number;
    bool mine, ok;

end_no_work:
    do
    :: working == 1 -> work(); working = 0
    od
}

proctype Unpacker()
{
    byte next, part, state, first;

    do
    :: part == PARTS || failed_part -> break
    :: else ->
       first = next;
       /* decoder_begin() */
       requests++;
#ifndef LEAVE_OUT_WAKE_DECODER
       on_requests = false;
#endif
       do
       :: /* decoder_take(), and ring_take(): a wake can come late and find the slot awaited again */
          do
          :: state = ready[next % SLOTS];
             if
             :: state >= PUBLISHED -> break
             :: else
             fi;
             wake_producers();
             sleep_until(next + (SLOTS - 1) / 2);
             state = ready[next % SLOTS];
             if
             :: state < PUBLISHED -> sleep_until(next)
             :: else
             fi
          od;
          if
          :: state == PUBLISHED ->
             read[next % SLOTS] = true;
             assert(bytes[next % SLOTS] == next && !written[next % SLOTS]);
             read[next % SLOTS] = false
          :: else -> /* part_ended() */
             assert(failed_part && next - first < BLOCKS || !failed_part && next - first == BLOCKS)
          fi;
          /* ring_release() */
#ifdef RELEASE_BEFORE_EMPTY
          released = next + 1;
          ready[next % SLOTS] = EMPTY;
#else
          ready[next % SLOTS] = EMPTY;
          released = next + 1;
#endif
          next++;
          if
          :: next % (SLOTS / 2) == 0 -> wake_producers()
          :: else
          fi;
          if
          :: state == END -> break
          :: else
          fi
       od;
       part++
    od
}

init
{
    atomic { failed = NOBODY; run Decoder(0); run Thread(1); run Unpacker() }
}
