/* What answers before Chronograf's routes: a proxy in front of it, and its own --htpasswd. */
#ifndef STANDIN_FRONT_H
#define STANDIN_FRONT_H

#include "request.h"

/* True: it has answered, with this result. */
bool front_answers(const struct request *request, enum MHD_Result *result);

#endif
