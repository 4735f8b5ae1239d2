#include "daemon/export/jsonl.h"
