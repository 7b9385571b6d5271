/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/counters.h"

static const struct {
    const char *name, *text;
    enum sim_counter_class class;
} table[SIM_COUNTERS] = {
#define SIM_COUNTER_ROW(name, class, text) {#name, text, class},
    SIM_COUNTER_MAP(SIM_COUNTER_ROW)
#undef SIM_COUNTER_ROW
};

const char *sim_counter_name(unsigned counter)
{
    return table[counter].name;
}

const char *sim_counter_text(unsigned counter)
{
    return table[counter].text;
}

enum sim_counter_class sim_counter_class(unsigned counter)
{
    return table[counter].class;
}
