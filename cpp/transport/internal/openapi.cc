#include <string_view>

#include "transport/internal/http_routes.h"

namespace streamer {

// Written by hand. A test compares paths and methods with the table of routes.
std::string_view OpenApiDocument() {
  return R"json({
  "openapi": "3.0.3",
  "info": {
    "title": "Streamer",
    "version": "1",
    "description": "Ingest, operations and control plane of streamerd. HEAD goes where GET does. Gateways use gRPC: syntrix.streamer.v1.StreamerService."
  },
  "paths": {
    "/v1/events": {
      "post": {
        "summary": "Append change events to the log",
        "description": "NDJSON, one event a line. Lines before a bad one are kept: sending all of them again is safe by event_id. Waits while the pipeline is full.",
        "requestBody": {
          "required": true,
          "content": {
            "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Event"}}
          }
        },
        "responses": {
          "202": {
            "description": "All lines were taken",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}}
          },
          "400": {
            "description": "A line is no event; those before it were taken",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/EventProblem"}}}
          },
          "411": {"$ref": "#/components/responses/Problem"},
          "413": {
            "description": "The body is too large; the lines counted were taken",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/EventProblem"}}}
          },
          "415": {"$ref": "#/components/responses/Problem"},
          "503": {
            "description": "Not ready, or bodies hold too much memory; the lines counted were taken",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/EventProblem"}}}
          }
        }
      }
    },
    "/health/live": {
      "get": {
        "summary": "Whether the process runs",
        "responses": {"200": {"description": "It does"}}
      }
    },
    "/health/ready": {
      "get": {
        "summary": "Whether the service takes events and gateways",
        "responses": {
          "200": {"description": "It does"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/health": {
      "get": {
        "summary": "Phase and version",
        "responses": {"200": {"description": "As they are"}}
      }
    },
    "/metrics": {
      "get": {
        "summary": "Metrics in Prometheus's text format",
        "responses": {"200": {"description": "All of them", "content": {"text/plain": {}}}}
      }
    },
    "/openapi.json": {
      "get": {
        "summary": "This document",
        "responses": {"200": {"description": "It", "content": {"application/json": {}}}}
      }
    },
    "/internal/v1/filters/check": {
      "post": {
        "summary": "Compile a filter, and explain it against a document",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/FilterQuestion"}}}
        },
        "responses": {
          "200": {
            "description": "The filter compiles",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/FilterAnswer"}}}
          },
          "400": {
            "description": "It does not; `field`, and `position` in an expression, say where",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
          },
          "411": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "415": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/internal/v1/subscriptions": {
      "get": {
        "summary": "List live subscriptions, in the order of their acceptance",
        "parameters": [
          {"name": "tenant", "in": "query", "schema": {"type": "string"}},
          {"name": "collection", "in": "query", "schema": {"type": "string"}},
          {"name": "gateway", "in": "query", "schema": {"type": "string"}},
          {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
          {"name": "cursor", "in": "query", "schema": {"type": "string"}, "description": "nextCursor of the page before"}
        ],
        "responses": {
          "200": {"description": "One page"},
          "400": {"$ref": "#/components/responses/Problem"}
        }
      },
      "post": {
        "summary": "Register a subscription for a gateway's session",
        "description": "Begins a session where the gateway has none; its first stream finds what was registered. Without a renewal it ends after its time to live; without a stream the session lives as long as the longest of those.",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Registration"}}}
        },
        "responses": {
          "201": {
            "description": "It is saved: what happens from now on waits for the gateway",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Registered"}}}
          },
          "400": {
            "description": "`field`, and `position` in an expression, say where",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
          },
          "409": {
            "description": "The gateway has a subscription of this id",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
          },
          "411": {"$ref": "#/components/responses/Problem"},
          "413": {"$ref": "#/components/responses/Problem"},
          "415": {"$ref": "#/components/responses/Problem"},
          "429": {
            "description": "`quota` says which is used up: gateway, tenant, total, collection or sessions",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
          },
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/internal/v1/collections/summary": {
      "get": {
        "summary": "Bloom summaries of a collection: an event can concern a subscription only if one of them lets it through",
        "parameters": [
          {"name": "tenant", "in": "query", "required": true, "schema": {"type": "string"}},
          {"name": "collection", "in": "query", "required": true, "schema": {"type": "string"}}
        ],
        "responses": {
          "200": {
            "description": "One from each shard that holds some of it, in base64; one that is still being made lets everything through",
            "content": {"application/json": {"schema": {
              "type": "object",
              "required": ["summaries"],
              "properties": {"summaries": {"type": "array", "items": {"type": "string", "format": "byte"}}}
            }}}
          },
          "400": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/internal/v1/subscriptions/{id}/heartbeat": {
      "put": {
        "summary": "Begin the time to live of a session's subscription again",
        "parameters": [
          {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
          {"name": "gateway", "in": "query", "schema": {"type": "string"}, "description": "Whose it is; needed when several have the id"}
        ],
        "responses": {
          "200": {
            "description": "`expiresAt` is null of one that lives as long as its session",
            "content": {"application/json": {"schema": {
              "type": "object",
              "properties": {
                "subscriptionId": {"type": "string"},
                "expiresAt": {"type": "string", "format": "date-time", "nullable": true}
              }
            }}}
          },
          "400": {"$ref": "#/components/responses/Problem"},
          "404": {"$ref": "#/components/responses/Problem"},
          "409": {"$ref": "#/components/responses/Holders"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/internal/v1/subscriptions/{id}": {
      "delete": {
        "summary": "Unregister a session's subscription; its gateway is told that it was revoked",
        "parameters": [
          {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
          {"name": "gateway", "in": "query", "schema": {"type": "string"}, "description": "Whose it is; needed when several have the id"}
        ],
        "responses": {
          "204": {"description": "It is gone, or was not there"},
          "400": {"$ref": "#/components/responses/Problem"},
          "409": {"$ref": "#/components/responses/Holders"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/internal/v1/gateways/{id}/subscriptions": {
      "delete": {
        "summary": "Unregister all subscriptions of a gateway's session",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
        "responses": {
          "200": {
            "description": "How many there were",
            "content": {"application/json": {"schema": {
              "type": "object",
              "properties": {"removed": {"type": "integer"}}
            }}}
          },
          "400": {"$ref": "#/components/responses/Problem"},
          "503": {"$ref": "#/components/responses/Problem"}
        }
      }
    },
    "/v1/deliveries": {
      "get": {
        "summary": "Tap the deliveries of a gateway; not offered by this version",
        "responses": {"501": {"$ref": "#/components/responses/Problem"}}
      }
    }
  },
  "components": {
    "responses": {
      "Problem": {
        "description": "What was expected, what was got, and where",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
      },
      "Holders": {
        "description": "Several gateways have the id, and `gateways` lists them; or it is of a stream without a session",
        "content": {"application/problem+json": {"schema": {"allOf": [
          {"$ref": "#/components/schemas/Problem"},
          {"type": "object", "properties": {"gateways": {"type": "array", "items": {"type": "string"}}}}
        ]}}}
      }
    },
    "schemas": {
      "Registration": {
        "type": "object",
        "additionalProperties": false,
        "required": ["gatewayId", "subscriptionId", "tenant", "collection"],
        "properties": {
          "gatewayId": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,128}$"},
          "subscriptionId": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,128}$"},
          "tenant": {"type": "string"},
          "collection": {"type": "string"},
          "filters": {"type": "array", "items": {"$ref": "#/components/schemas/Condition"}},
          "expression": {"type": "string", "description": "CEL"},
          "ttl": {"type": "integer", "minimum": 60, "maximum": 3600, "default": 300, "description": "Seconds; the default is subscription.default_ttl"}
        }
      },
      "Registered": {
        "type": "object",
        "properties": {
          "subscriptionId": {"type": "string"},
          "gatewayId": {"type": "string"},
          "tenant": {"type": "string"},
          "collection": {"type": "string"},
          "filter": {"type": "string", "description": "The whole filter as CEL"},
          "createdAt": {"type": "string", "format": "date-time"},
          "expiresAt": {"type": "string", "format": "date-time"},
          "fromProgress": {"type": "string", "description": "Events after this position are promised"},
          "session": {"type": "string", "description": "Number of the session, for Hello"}
        }
      },
      "Condition": {
        "type": "object",
        "required": ["field", "op", "value"],
        "properties": {
          "field": {"type": "string"},
          "op": {"type": "string"},
          "value": {}
        }
      },
      "Event": {
        "type": "object",
        "description": "Or a syntrix.puller.v1.ChangeEvent as proto-JSON.",
        "required": ["tenant", "collection", "id", "op"],
        "properties": {
          "event_id": {"type": "string", "description": "Identity; an event with the same id and content is taken once"},
          "tenant": {"type": "string"},
          "collection": {"type": "string"},
          "id": {"type": "string"},
          "op": {"type": "string", "enum": ["insert", "update", "replace", "delete"]},
          "doc": {"type": "object", "description": "The document after the change"},
          "before": {"type": "object", "description": "The document before it"},
          "timestamp": {"type": "integer", "format": "int64", "description": "Unix milliseconds; without it, the time of receipt"}
        }
      },
      "Accepted": {
        "type": "object",
        "properties": {
          "accepted": {"type": "integer", "description": "Events appended"},
          "progress": {"type": "string", "description": "Position of the last one"}
        }
      },
      "Problem": {
        "type": "object",
        "properties": {
          "type": {"type": "string"},
          "title": {"type": "string"},
          "status": {"type": "integer"},
          "detail": {"type": "string"}
        }
      },
      "EventProblem": {
        "allOf": [
          {"$ref": "#/components/schemas/Problem"},
          {"$ref": "#/components/schemas/Accepted"},
          {
            "type": "object",
            "properties": {
              "line": {"type": "integer", "description": "Number of the bad line, from 1"},
              "error": {"type": "string"}
            }
          }
        ]
      },
      "FilterQuestion": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "filters": {"type": "array", "items": {"$ref": "#/components/schemas/Condition"}},
          "expression": {"type": "string", "description": "CEL"},
          "document": {"type": "object"}
        }
      },
      "FilterAnswer": {
        "type": "object",
        "properties": {
          "filter": {"type": "string", "description": "The whole filter as CEL"},
          "matchAll": {"type": "boolean"},
          "conjunctions": {"type": "integer"},
          "exact": {"type": "boolean", "description": "Whether the index alone decides"},
          "indexable": {"type": "boolean", "description": "Whether events reach it through the index"},
          "explanation": {
            "type": "object",
            "properties": {
              "matches": {"type": "boolean"},
              "sentence": {"type": "string"},
              "tree": {"type": "object"},
              "measuredCost": {"type": "integer", "description": "In units of about 10 ns"},
              "estimatedCost": {"type": "integer"},
              "warnings": {"type": "array", "items": {"type": "string"}}
            }
          }
        }
      }
    }
  }
}
)json";
}

}  // namespace streamer
