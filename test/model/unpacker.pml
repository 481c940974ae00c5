/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The unpacker against a decoder that was taken over, for spin: restore/decode/ring.c (ring_take, ring_release) and
 * decoder.c (decoder_take, part_ended). The decoder writes anything to all that is shared, at any time, or stops.
 *
 * Shown: whatever it does, the unpacker reads inside of a slot, believes an end only inside of the image and behind the
 * part's start, and does not wait for ever.
 *
 * READ_TWICE: the variants that spin must find fault with: 1 a block's length, 2 the part's end is read again after the
 * check.
 */
#ifndef READ_TWICE
#define READ_TWICE 0
#endif

#define SLOTS 3
#define SLOT_SIZE 2 /* bytes */
#define BEGAN 1     /* where the part starts in the image */
#define IMAGE_SIZE 3
#define POLLS 3  /* that decoder_take() waits for a block */
#define BLOCKS 4 /* that fit into the tree: what ends an endless stream is no business of the ring */

#define EMPTY 0
#define AWAITED 1
#define PUBLISHED 2
#define ANYTHING 5 /* values of a word: those that are valid, and one beyond */

/* Shared, and read by the unpacker; that it reads @waiting costs it a futex call at most. */
byte ready[SLOTS], mailbox_at, mailbox_result;

bool ended;

active proctype Decoder()
{
    byte slot, value;

    do
    :: ended -> break
    :: !ended -> break /* it dies, hangs or spins */
    :: !ended ->
       atomic {
           select(value : 0 .. ANYTHING);
           if
           :: select(slot : 0 .. SLOTS - 1); ready[slot] = value
           :: mailbox_at = value
           :: mailbox_result = value != 0
           fi;
           slot = 0;
           value = 0
       }
    od
}

active proctype Unpacker()
{
    byte next, state, size, waited, at, taken, slot;

    do
    :: /* ring_take() */
       slot = next % SLOTS; /* by its own count */
       state = ready[slot];
       if
       :: state < PUBLISHED ->
          if
          :: atomic { ready[(next + 1) % SLOTS] == EMPTY -> ready[(next + 1) % SLOTS] = AWAITED }
          :: atomic { ready[slot] == EMPTY -> ready[slot] = AWAITED }
          :: else
          fi;
          skip; /* FUTEX_WAIT, with a time limit, for which any time can pass */
          state = ready[slot]
       :: else
       fi;
       if
       :: state < PUBLISHED -> /* -ETIMEDOUT, decoder_take() */
          waited++;
          assert(waited <= POLLS);
          if
          :: waited == POLLS -> break /* "the decoder hangs" */
          :: else
          fi
       :: state >= PUBLISHED && state - PUBLISHED > SLOT_SIZE -> break /* -EBADMSG */
       :: else ->
          waited = 0;
#if READ_TWICE == 1
          size = ready[slot] - PUBLISHED;
#else
          size = state - PUBLISHED;
#endif
          assert(slot < SLOTS && size <= SLOT_SIZE);
          if
          :: size == 0 -> /* part_ended() */
             at = mailbox_at; /* copied, then checked */
             if
             :: at < BEGAN || at > IMAGE_SIZE || (mailbox_result == 0 && at == BEGAN) -> break
             :: else
             fi;
#if READ_TWICE == 2
             at = mailbox_at;
#endif
             assert(at >= BEGAN && at <= IMAGE_SIZE);
             break
          :: else
          fi;
          taken++;
          if
          :: taken == BLOCKS -> break
          :: else
          fi;
          /* ring_release() */
          ready[slot] = EMPTY;
          next++
       fi
    od;
    ended = true
}
