// Made by `npm run types` from docs/openapi.json. Do not edit.

export interface paths {
    "/api/v1/account/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes one's password. All other sessions end. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PasswordChange"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own sessions. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OpenSessions"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of them. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/two-step": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins a second step at sign-in: what an authenticator app needs. It is asked for once a code of the app has confirmed it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Password"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TwoStepSecret"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/two-step/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirms it by a code of the app. From now on a code is asked for at each sign-in. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["OneTimeCode"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RecoveryCodes"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/two-step/drop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks for no second step any more. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Password"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What waits for a decision of whoever asks. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Waiting"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/areas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The areas that one may see and those they lie in, each after the one it lies in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Area"][];
                    };
                };
            };
        };
        put?: never;
        /** Adds an area. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewArea"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Area"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/areas/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Renames an area; its code stays. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    code: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Rename"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Area"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/areas/{code}/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What an area allows. Where no policy is set, 05:00 to 22:00 is in force. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    code: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AreaPolicy"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        /**
         * Sets an area's own policy. It may only be tighter than what the areas above allow. What it forbids of the programme is refused by the
         *     nodes from now on, and named in the answer.
         */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    code: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PolicyBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AreaPolicy"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        /** Takes an area's own policy away: that of the areas above is in force again. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    code: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The audit log, for who manages all areas there are. */
        get: {
            parameters: {
                query?: {
                    /** @description Only records before this number. */
                    before?: number | null;
                    /** @description Most to give, 1 to 200; 50 when absent. */
                    limit?: number | null;
                    /** @description Only of this person or source. */
                    actor?: string | null;
                    /** @description Only of this action, done or refused. */
                    action?: string | null;
                    /** @description Only of this day, by the clock of the broker's zone: `2026-11-25`. */
                    day?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Log"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as CSV, whole, newest first, in UTF-8 with a byte order mark. Actions go by their stable names. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of this person or source. */
                    actor?: string | null;
                    /** @description Only of this action, done or refused. */
                    action?: string | null;
                    /** @description Only of this day, by the clock of the broker's zone: `2026-11-25`. */
                    day?: string | null;
                    /** @description `vi` when absent. */
                    lang?: "vi" | "en";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/csv": unknown;
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broadcasts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was aired, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Most to give, 1 to 100; 20 when absent. */
                    limit?: number | null;
                    /** @description Only what was made before this instant. */
                    before?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["BroadcastPage"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Airs a bulletin now, unless everything is stopped in one of the areas, or, for a bulletin that is no emergency, a policy forbids it. The same `Idempotency-Key` again gives the same broadcast and airs nothing. When MQTT can't take it at once, the
         *     broadcast is there all the same, without `dispatched_at`, and is sent as soon as possible until it expires.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The sender's name for this intent, up to 80 characters */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewBroadcast"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Broadcast"];
                    };
                };
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Broadcast"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broadcasts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One broadcast. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Broadcast"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broadcasts/{id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops one broadcast on all its nodes: of the programme, what sounds or waits of it now. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Stopping"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bulletins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest bulletins. */
        get: {
            parameters: {
                query?: {
                    /** @description Most to give, 1 to 100; 20 when absent. */
                    limit?: number | null;
                    /** @description Only what was made before this instant. */
                    before?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bulletin"][];
                    };
                };
            };
        };
        put?: never;
        /** Makes a bulletin. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewBulletin"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bulletin"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bulletins/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One bulletin. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bulletin"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bulletins/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approves a bulletin: this very sound, where whoever approves may. One's own only where the policy says so, or where nobody else could. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bulletin"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bulletins/{id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Returns a bulletin that waits, with the reason. Its maker makes another, or hands it in again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Remark"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bulletin"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bulletins/{id}/submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hands a bulletin in for approval. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Submission"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Bulletin"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calendars": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Feeds that work, newest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Calendars"];
                    };
                };
            };
        };
        put?: never;
        /** Makes a feed of an area's programme. Its address is in the answer, and never shown again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewCalendar"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CalendarWithUrl"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/calendars/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Makes a feed's address useless. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a sound file of any common format (`file`); a clip. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "multipart/form-data": Record<string, never>;
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Clip"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clips/speech": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Speaks a text; a clip. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SpeechRequest"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Clip"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/clips/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A clip's sound. Understands one `Range`, as browsers' players ask. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    hash: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "audio/ogg": unknown;
                    };
                };
                206: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events `node` (Node), `airing` (`AiringProgress`), `broadcast` (Broadcast), `latches` (Latches), `alarms` (Alarms), `inbox` (an `InboxItem` as `item`), and `programme`, which is
         *     empty: something of the programme, a policy or a latch changed, or airings are due. The first is `hello`; after it, ask for everything
         *     once. Only what concerns the areas that one may see is told. The stream ends with the session, and when the page is too slow to follow; the browser
         *     then comes back by itself.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": unknown;
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What came from above, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description `open` when absent: what waits for a decision or for its time. `all`: the newest 200. */
                    status?: "open" | "all";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InboxItems"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Takes a bulletin from above. An emergency is on air when this answers; a priority item is in the programme; a normal one waits for a person. The same
         *     reference again gives the same answer and does nothing.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "multipart/form-data": {
                        /** @description JSON. */
                        item: components["schemas"]["NewInboxItem"];
                        /**
                         * Format: binary
                         * @description What sounds, in any common format.
                         */
                        sound?: string | null;
                    };
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InboxReceipt"];
                    };
                };
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InboxReceipt"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbox/{id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Declines an item that waits or is queued; its sender is told why. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Decline"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbox/{id}/outcome": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What became of an item, for the system that sent it. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InboxOutcome"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbox/{id}/play": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts an item that waits on air now, where it is meant to sound. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Broadcast"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbox/{id}/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Puts an item that waits into the programme. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSchedule"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProgrammeEntry"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts an invitation: adds the person who chose these, and signs them in. Works once; a name that somebody has already is `exists`, and the link
         *     still works.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Acceptance"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/invitations/look": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What an invitation is to, before it is accepted. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LinkToken"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invitation"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/latches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is stopped, and not released. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Latches"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/latches/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Releases a latch: what is due from now on sounds again. Releasing it twice changes nothing. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Released"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All nodes. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Node"][];
                    };
                };
            };
        };
        put?: never;
        /** Adds a node to a hamlet. It does nothing until it is enrolled. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewNode"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Node"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One node. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Node"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes name or volume, or moves it to another hamlet, for which whoever asks needs the right in both. It stays the same node; its plan
         *     follows at once.
         */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NodeChange"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Node"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/v1/nodes/{id}/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a claim code. Codes made for the node before stop working. For a node that is enrolled already it is how its place gets new hardware:
         *     the old one works until the code is used, and never after. It is also the way back for one that was revoked or retired.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Claim"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/commissioning": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A node's commissioning: the one that is open, or the one signed last. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Commissioning"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        /** Writes down what was found. Begins another sheet when the last one is signed. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSheet"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Commissioning"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/commissioning/photo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The photo. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "image/jpeg": unknown;
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        /** Takes a photo: JPEG, at most 300 kB. What the file says besides the picture, its place and camera for instance, is not kept. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "image/jpeg": string;
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Commissioning"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/commissioning/sign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs the open sheet. Refused while something is missing; from then on it doesn't change. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Commissioning"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/commissioning/spoken-test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the node say where it is, in words: a broadcast on this node alone, within the hours of the policy. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Broadcast"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/identify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the node sound three short tones. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/retirement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes a node out of service: it may do nothing any more, and is in no list of what should work. What it aired stays in the reports. Only a new claim
         *     code brings it back.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Node"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** From now on the node may do nothing; its connection is cut. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{id}/test-tone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the node sound a test tone of three seconds. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everybody who can sign in, or could, and may do something where one manages; `yours` are those who may do nothing outside it. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["People"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Invitations that still work, of those that one could have made. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Invitations"];
                    };
                };
            };
        };
        put?: never;
        /** Invites somebody. The link in the answer works once, for a week, and is never shown again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewInvitation"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["InvitationWithUrl"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/invitations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an invitation back: its link does nothing from now on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets somebody in no more; their sessions end at once. What they did stays theirs. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes what somebody may do. It holds from their next request on. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Grants"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/reactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets somebody in again, with the rights they had. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a link by which somebody chooses a new password. It works once, for a day; an earlier one doesn't any more. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ResetLink"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Somebody's sessions. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OpenSessions"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Ends all of somebody's sessions. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/people/{id}/two-step": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Asks somebody who has lost the phone for no second step any more. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/programme": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The programme, without what is over. */
        get: {
            parameters: {
                query?: {
                    /** @description Code of an area; all when absent. */
                    area?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Programme"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Puts a broadcast into the programme. Refused when a policy would refuse one of its airings within a year, or because of it another's. The
         *     same `Idempotency-Key` again gives the same entry.
         */
        post: {
            parameters: {
                query?: never;
                header?: {
                    /** @description The sender's name for this intent, up to 80 characters */
                    "Idempotency-Key"?: string | null;
                };
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewProgrammeEntry"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProgrammeEntry"];
                    };
                };
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProgrammeEntry"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/programme/alarms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Airings of the next half hour that are in danger. Told as event `alarms` when they change. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Alarms"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/programme/day": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The run of a local day in an area: what has started node by node, by timetable or at once, and what is due. */
        get: {
            parameters: {
                query: {
                    /** @description Code of an area. */
                    area: string;
                    /** @description `YYYY-MM-DD`; today when absent. */
                    date?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Day"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/programme/order": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Orders entries: what wants to sound at once with others of its class, and comes earlier here, goes first. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Order"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/programme/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What would come of an entry. Saves nothing. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PreviewRequest"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Preview"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/programme/week": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Seven local days of an area's programme: what has started by what became of it, the rest as planned. */
        get: {
            parameters: {
                query: {
                    /** @description Code of an area. */
                    area: string;
                    /** @description The first day, `YYYY-MM-DD`; today when absent. */
                    from?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Week"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/programme/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One entry. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProgrammeEntry"];
                    };
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        /** Changes an entry. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewProgrammeEntry"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProgrammeEntry"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        post?: never;
        /** Takes an entry out of the programme. What it has aired stays. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/readings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** How a text will be read. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Text"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Reading"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What releases there are, and how far each node is with the one that is rolled out. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Releases"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/rollout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins to roll a release out: one node gets it. For who manages everything. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRollout"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Releases"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/releases/rollout/steps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Moves the roll-out: to a share of the nodes, to all; halts it, lets it go on, ends it. For who manages everything. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RolloutStep"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Releases"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/month": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was heard in a month, by hamlet and class: what nodes reported, not what was sent. */
        get: {
            parameters: {
                query: {
                    /** @description Code of the area; those within are in it. */
                    area: string;
                    /** @description `2026-11`, by the clock of the broker's zone. */
                    month: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonthReport"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/month.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as CSV, in UTF-8 with a byte order mark. */
        get: {
            parameters: {
                query: {
                    /** @description Code of the area; those within are in it. */
                    area: string;
                    /** @description `2026-11`, by the clock of the broker's zone. */
                    month: string;
                    /** @description `vi` when absent. */
                    lang?: "vi" | "en";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/csv": unknown;
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/reports/month.xlsx": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as a spreadsheet. */
        get: {
            parameters: {
                query: {
                    /** @description Code of the area; those within are in it. */
                    area: string;
                    /** @description `2026-11`, by the clock of the broker's zone. */
                    month: string;
                    /** @description `vi` when absent. */
                    lang?: "vi" | "en";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": unknown;
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/resets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives whom a reset link is for a new password; all their sessions end. Works once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Reset"];
                };
            };
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        put?: never;
        /** Signs in. `code_required`: name and password are right, and a code is wanted with them. A session that the browser had before is over. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Credentials"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        /** Signs out. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether set-up is still to be done. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SetupState"];
                    };
                };
            };
        };
        put?: never;
        /** Makes the first administrator and signs them in. Works once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["Setup"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Session"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Systems that may send from above, by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Sources"];
                    };
                };
            };
        };
        put?: never;
        /** Lets a system send from above. Its credential is in the answer, and never shown again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewSource"];
                };
            };
            responses: {
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SourceWithToken"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a system's credential away. What it sent stays. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * *Dừng tất cả*: silences every node of some areas, or of all, until somebody releases it. What is to sound there meanwhile is refused by
         *     the nodes, and reported.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["StopRequest"];
                };
            };
            responses: {
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Stopped"];
                    };
                };
                "4XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ProblemBody"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/voices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All voices. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Voice"][];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A yes to an invitation. */
        Acceptance: {
            /** @description What others see. */
            display_name: string;
            /** @description At least 10 characters. */
            password: string;
            /** @description From the link, after `#`. */
            token: string;
            /** @description 3 to 40 of letters, digits, `.`, `_`, `-`. */
            username: string;
        };
        /** @description What becomes of a broadcast on one node. */
        Airing: {
            /** @description The airing's id. */
            airing: string;
            /**
             * Format: int64
             * @description How long the clip is, milliseconds.
             */
            duration_ms: number;
            /**
             * Format: date-time
             * @description When it was over.
             */
            ended_at?: string | null;
            /** @description Where it stands. */
            hamlet: components["schemas"]["AreaName"];
            /**
             * Format: int64
             * @description How much the sound device took, milliseconds.
             */
            heard_ms?: number | null;
            /** @description The node. */
            node: components["schemas"]["NodeName"];
            /** @description Whether the node is there now. */
            node_online: boolean;
            /** @description Why, where there is more to say. */
            reason?: string | null;
            /**
             * Format: date-time
             * @description When it was sent.
             */
            sent_at: string;
            /**
             * Format: date-time
             * @description When it began to sound.
             */
            started_at?: string | null;
            /** @description How far it is. */
            status: components["schemas"]["AiringStatus"];
        };
        /** @description One airing has moved on. */
        AiringProgress: {
            /** @description Itself. */
            airing: components["schemas"]["Airing"];
            /** @description Its broadcast. */
            broadcast: string;
        };
        /**
         * @description How far an airing is.
         * @enum {string}
         */
        AiringStatus: "sent" | "waiting" | "playing" | "played" | "partial" | "pre_empted" | "missed" | "refused" | "unreported";
        /** @description An airing of the next half hour that is in danger on some nodes. */
        Alarm: {
            /** @description Its entry in the programme. */
            entry: string;
            /** @description By what. */
            kind: components["schemas"]["AlarmKind"];
            /** @description On these nodes. */
            nodes: components["schemas"]["ConcernedNode"][];
            /**
             * Format: date-time
             * @description When it is due.
             */
            start: string;
            /** @description The bulletin's title. */
            title: string;
        };
        /**
         * @description What stands in the way.
         * @enum {string}
         */
        AlarmKind: "clip_missing" | "plan_behind" | "node_away" | "clock_untrusted" | "amplifier_fault" | "latched";
        /** @description All alarms. */
        Alarms: {
            /** @description By start. */
            items: components["schemas"]["Alarm"][];
        };
        /**
         * @description How the amplifier is.
         * @enum {string}
         */
        AmplifierState: "off" | "warming" | "on" | "lingering" | "fault";
        /** @description What was decided about a bulletin. */
        Approval: {
            /** @description Codes of the areas that its maker means. */
            areas: string[];
            /**
             * Format: date-time
             * @description When it was decided.
             */
            decided_at?: string | null;
            decided_by?: components["schemas"]["PersonName"] | null;
            /** @description Why it was returned. */
            remark?: string | null;
            /** @description How far it is. */
            state: components["schemas"]["ApprovalState"];
            /**
             * Format: date-time
             * @description When it was handed in.
             */
            submitted_at?: string | null;
        };
        /**
         * @description How far a bulletin is.
         * @enum {string}
         */
        ApprovalState: "draft" | "submitted" | "approved" | "returned";
        /** @description An area. */
        Area: {
            /** @description Official code; a hamlet's is its commune's, `-` and two digits. */
            code: string;
            /** @description Its level. */
            kind: components["schemas"]["AreaKind"];
            /** @description What people call it. */
            name: string;
            /** @description Whether it lies outside of what one may see, and is there because it contains some of that. */
            outside?: boolean;
            /** @description The area it lies in. */
            parent?: string | null;
        };
        /**
         * @description Level of an area.
         * @enum {string}
         */
        AreaKind: "province" | "commune" | "hamlet";
        /** @description An area by code and name. */
        AreaName: {
            /** @description Official code. */
            code: string;
            /** @description What people call it. */
            name: string;
        };
        /** @description What an area allows. */
        AreaPolicy: {
            /** @description The area. */
            area: components["schemas"]["AreaName"];
            /** @description Only in answer to a change: airings of the programme that are refused from now on, the first twenty. */
            breaches?: components["schemas"]["PolicyBreach"][] | null;
            /**
             * Format: date-time
             * @description When its own last changed.
             */
            changed_at?: string | null;
            /** @description Who changed it. */
            changed_by?: string | null;
            /** @description What follows from its own and those above. */
            in_force: components["schemas"]["PolicyBody"];
            /** @description What the areas above allow: its own may only be tighter. */
            outer: components["schemas"]["PolicyBody"];
            own?: components["schemas"]["PolicyBody"] | null;
        };
        /** @description A record, as it is in the chain. */
        AuditRow: {
            /** @description What was done. */
            action: string;
            /** @description Id of the person or source that did it; absent: the broker itself, a node, or its command line. */
            actor?: string | null;
            /** @description Where it came from. */
            address?: string | null;
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description More of it. */
            details: Record<string, never>;
            /** @description SHA-256 of this record. */
            hash: string;
            /** @description What others saw of whoever did it. */
            name: string;
            /** @description To what: a path of this API. */
            object: string;
            /** @description Hash of the record before. */
            previous: string;
            /**
             * Format: int64
             * @description Its number, from 1 on without a gap.
             */
            seq: number;
        };
        /** @description An airing that a policy would refuse. */
        BreachBody: {
            /** @description A hamlet where it would be. */
            area: components["schemas"]["AreaName"];
            /** @description Of this entry; an empty one is the entry that is being made. */
            entry: string;
            /**
             * @description `hours`, `session_minutes`, `sessions_per_day`.
             * @example hours
             */
            limit: string;
            /**
             * Format: int32
             * @description How many minutes a session, or sessions a day, there may be.
             */
            may?: number | null;
            /**
             * Format: date-time
             * @description Its nominal start.
             */
            start: string;
            /**
             * Format: int32
             * @description How many minutes the session would last.
             */
            would?: number | null;
        };
        /** @description A broadcast. */
        Broadcast: {
            /** @description What becomes of it, node by node. */
            airings: components["schemas"]["Airing"][];
            /** @description Where it was sent. */
            areas: components["schemas"]["AreaName"][];
            /** @description What is said. */
            bulletin: components["schemas"]["BulletinName"];
            /** @description What sounds. */
            clip: components["schemas"]["Clip"];
            /**
             * Format: date-time
             * @description When it was sent.
             */
            created_at: string;
            /** @description Who sent it. */
            created_by: components["schemas"]["PersonName"];
            /**
             * Format: date-time
             * @description When MQTT had all of it. Absent while it waits to be sent, which is tried until it expires.
             */
            dispatched_at?: string | null;
            /**
             * Format: date-time
             * @description No airing of it begins from then on.
             */
            expires_at: string;
            /** @description Id. */
            id: string;
            /**
             * Format: date-time
             * @description When a person stopped it.
             */
            stopped_at?: string | null;
        };
        /** @description Broadcasts, newest first. */
        BroadcastPage: {
            /** @description These. */
            items: components["schemas"]["Broadcast"][];
            /**
             * Format: date-time
             * @description `before` for those that follow; absent when there are none.
             */
            next?: string | null;
        };
        /** @description A bulletin. */
        Bulletin: {
            /** @description Whether it may air. */
            approval: components["schemas"]["Approval"];
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /** @description What sounds. */
            clip: components["schemas"]["Clip"];
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Who made it. */
            created_by: components["schemas"]["PersonName"];
            /** @description Id. */
            id: string;
            /** @description BCP 47. */
            language: string;
            /** @description What is said, when it was made from text. */
            text?: string | null;
            /** @description Title. */
            title: string;
        };
        /** @description A bulletin, in short. */
        BulletinName: {
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /** @description Id. */
            id: string;
            /** @description Title. */
            title: string;
        };
        /** @description A calendar feed. */
        Calendar: {
            /** @description The area whose programme it shows. */
            area: components["schemas"]["AreaName"];
            /**
             * Format: date-time
             * @description When it was made.
             */
            created_at: string;
            /** @description Who made it. */
            created_by: components["schemas"]["PersonName"];
            /** @description Id. */
            id: string;
        };
        /** @description A calendar feed and its address. */
        CalendarWithUrl: components["schemas"]["Calendar"] & {
            /** @description Its address on this server. Whoever has it can read the programme. It is shown this once, and kept nowhere. */
            url: string;
        };
        /** @description All of them. */
        Calendars: {
            /** @description These. */
            items: components["schemas"]["Calendar"][];
        };
        /** @description A ceiling on the volume for some time of each day. */
        CeilingBody: {
            /** @description `HH:MM`. */
            from: string;
            /**
             * Format: int32
             * @description Percent of full scale by voltage.
             */
            percent: number;
            /** @description `HH:MM`, up to `24:00`. */
            to: string;
        };
        /** @description One item of the checklist. */
        Check: {
            /**
             * Format: date-time
             * @description When it was ticked; absent: it wasn't.
             */
            at?: string | null;
            /** @description Who ticked it. */
            by?: string | null;
            /** @description Which. */
            item: components["schemas"]["CheckItem"];
        };
        /**
         * @description What is looked at, in the order in which it is done.
         * @enum {string}
         */
        CheckItem: "mounted" | "earthed" | "powered" | "network" | "tone_heard" | "speech_heard" | "volume_set" | "lead_right" | "caretaker_told";
        /** @description What an installer carries to the pole. */
        Claim: {
            /** @description SHA-256 of the broker's CA certificate, hexadecimal. */
            ca_fingerprint: string;
            /** @description One-time code. */
            code: string;
            /** @description What to type on the node. */
            command: string;
            /**
             * Format: date-time
             * @description Good until then.
             */
            expires_at: string;
            /** @description Where the agent enrols. */
            server: string;
        };
        /** @description A clip. */
        Clip: {
            /**
             * Format: int64
             * @description Its size.
             */
            bytes: number;
            /**
             * Format: int64
             * @description How long it sounds, milliseconds.
             */
            duration_ms: number;
            /** @description SHA-256 of its bytes; `clips/HASH` has them. */
            hash: string;
            /**
             * Format: double
             * @description Integrated loudness, LUFS.
             */
            loudness_lufs: number;
            /**
             * Format: double
             * @description Highest true peak, dBTP.
             */
            true_peak_dbtp: number;
            /** @description Codes of what its maker should know. */
            warnings: string[];
        };
        /**
         * @description What went wrong. A code never changes its meaning.
         * @enum {string}
         */
        Code: "InvalidRequest" | "InvalidField" | "SignInRequired" | "WrongCredentials" | "TooManyTries" | "SetupLinkInvalid" | "PasswordShort" | "PasswordCommon" | "Forbidden" | "AreaNotYours" | "LinkInvalid" | "CodeRequired" | "WrongCode" | "LastAdmin" | "ForeignOrigin" | "NotFound" | "MethodNotAllowed" | "Exists" | "Dangling" | "TooLarge" | "TextTooLong" | "TextEmpty" | "VoiceUnknown" | "SpeechFailed" | "SoundUnusable" | "NoNodes" | "KeyReused" | "Expired" | "AlreadyDecided" | "NotApproved" | "SecondPersonNeeded" | "OwnBulletin" | "ConfirmationNeeded" | "NodeNotTrusted" | "RolloutOpen" | "RolloutElsewhere" | "PhotoUnusable" | "CommissioningIncomplete" | "ClaimUnknown" | "ClaimUsed" | "ClaimExpired" | "NoCommonVersion" | "InvalidCertificateRequest" | "NodesUnreachable" | "DiskFull" | "ClipDamaged" | "PolicyBreached" | "PolicyLoosens" | "LimitNotYours" | "TimetableInvalid" | "TimeZoneUnknown" | "TooManyBroadcasts" | "Latched" | "Internal";
        /** @description The other entry of a collision. */
        Collided: {
            /**
             * @description Its class.
             * @example normal
             */
            class: string;
            /** @description Its id. */
            id: string;
            /**
             * Format: date-time
             * @description Its airing.
             */
            start: string;
            /** @description Its title. */
            title: string;
        };
        /** @description What was found at a pole, heard, ticked and signed. */
        Commissioning: {
            /**
             * Format: date-time
             * @description When it last changed; absent when nothing was written yet.
             */
            changed_at?: string | null;
            /** @description Who changed it. */
            changed_by?: string | null;
            /** @description The checklist. */
            checks: components["schemas"]["Check"][];
            commune?: components["schemas"]["AreaName"] | null;
            /** @description Where it stands. */
            hamlet: components["schemas"]["AreaName"];
            /**
             * Format: int32
             * @description What each of them takes, watts.
             */
            horn_watts?: number | null;
            /**
             * Format: int32
             * @description How many horns it has.
             */
            horns?: number | null;
            /** @description Whether that was measured rather than taken from its papers. */
            lead_measured: boolean;
            /**
             * Format: int32
             * @description How long the amplifier takes to wake, milliseconds. The node has it from its own settings.
             */
            lead_ms?: number | null;
            /** @description What has to be there before it can be signed. */
            missing: components["schemas"]["Missing"][];
            /** @description What people call it. */
            name: string;
            /** @description The node's id. */
            node: string;
            /** @description SHA-256 of the photo. */
            photo?: string | null;
            position?: components["schemas"]["Position"] | null;
            /** @description Anything else. */
            remark: string;
            /** @description What the spoken test says. */
            sentence: string;
            signed?: components["schemas"]["Signature"] | null;
            spoken_test?: components["schemas"]["SpokenTest"] | null;
        };
        /** @description A node that is concerned. */
        ConcernedNode: {
            /** @description Where it stands. */
            hamlet: components["schemas"]["AreaName"];
            /** @description Id. */
            node: string;
            /** @description What people call it. */
            node_name: string;
        };
        /** @description User name and password. */
        Credentials: {
            /** @description Six digits of the authenticator app, or a recovery code: for whom that is asked for. */
            code?: string | null;
            /** @description Password. */
            password: string;
            /** @description User name. */
            username: string;
        };
        /** @description A day. */
        Day: {
            /** @description What stands in the way of the next half hour. */
            alarms: components["schemas"]["Alarm"][];
            /** @description Local. */
            date: string;
            /** @description What sounds, by start. */
            runs: components["schemas"]["DayRun"][];
        };
        /** @description One start of one broadcast on all its nodes. */
        DayRun: {
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /** @description How many nodes, by status. */
            counts: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description How long the clip is, seconds.
             */
            duration_s: number;
            /** @description The broadcast. */
            entry: string;
            /** @description Node by node. */
            nodes: components["schemas"]["RunNode"][];
            /**
             * Format: int32
             * @description Which of the repeats, from 0.
             */
            repeat: number;
            /**
             * Format: date-time
             * @description Its nominal start.
             */
            start: string;
            /** @description How far it is. */
            state: components["schemas"]["RunState"];
            /** @description The bulletin's title. */
            title: string;
        };
        /** @description A no. */
        Decline: {
            /** @description Why, for the sender, up to 500 characters. */
            remark: string;
        };
        /** @description A bulletin in the programme. */
        EntryBulletin: {
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /** @description What sounds. */
            clip: components["schemas"]["Clip"];
            /**
             * Format: int64
             * @description How long it is, seconds, rounded up.
             */
            duration_s: number;
            /** @description Id. */
            id: string;
            /** @description BCP 47. */
            language: string;
            /** @description Title. */
            title: string;
        };
        /** @description A person who may lift some limits. */
        ExceederBody: {
            /** @description Which: `hours`, `session_minutes`, `sessions_per_day`, `volume`. */
            limits: string[];
            /** @description The person's id. */
            person: string;
        };
        /** @description Sums. */
        Figures: {
            /**
             * Format: int64
             * @description All whose time is over: the sum of those that follow.
             */
            airings: number;
            /**
             * Format: double
             * @description Minutes that sound devices really took, to a tenth.
             */
            minutes: number;
            /**
             * Format: int64
             * @description Not heard.
             */
            missed: number;
            /**
             * Format: int64
             * @description Heard in part.
             */
            partial: number;
            /**
             * Format: int64
             * @description Heard whole.
             */
            played: number;
            /**
             * Format: int64
             * @description Interrupted by something stronger.
             */
            pre_empted: number;
            /**
             * Format: int64
             * @description Refused by the node.
             */
            refused: number;
            /**
             * Format: int64
             * @description The node hasn't told yet.
             */
            unreported: number;
        };
        /** @description Plan generations. */
        Generation: {
            /**
             * Format: date-time
             * @description Since when MQTT has had the wanted one for it, while it holds another.
             */
            behind_since?: string | null;
            /**
             * Format: int64
             * @description What it says it holds.
             */
            held?: number | null;
            /**
             * Format: int64
             * @description What the node should hold.
             */
            wanted: number;
        };
        /** @description A role in an area. */
        GrantBody: {
            area?: components["schemas"]["AreaName"] | null;
            /** @description The role. */
            role: components["schemas"]["Role"];
        };
        /** @description What somebody may do from now on. */
        Grants: {
            /** @description At least one. */
            grants: components["schemas"]["NewGrant"][];
        };
        /** @description A node's last report of its health. Figures that the machine doesn't have are absent. */
        Heartbeat: {
            /**
             * Format: int32
             * @description Resident memory of the agent, MiB.
             */
            agent_rss_mib?: number | null;
            amplifier?: components["schemas"]["AmplifierState"] | null;
            /**
             * Format: date-time
             * @description When, by the node's clock.
             */
            at: string;
            /**
             * Format: int32
             * @description Degrees Celsius.
             */
            cpu_temperature_c?: number | null;
            /**
             * Format: int32
             * @description Free space where clips and receipts are kept, MiB.
             */
            disk_free_mib?: number | null;
            /** @description What is wrong with the node's disk or amplifier, by code and how often since the agent started. */
            faults: {
                [key: string]: number;
            };
            /**
             * Format: float
             * @description Load average over one minute.
             */
            load?: number | null;
            /**
             * Format: int32
             * @description Memory that programs could still get, MiB.
             */
            memory_free_mib?: number | null;
            network?: components["schemas"]["Network"] | null;
            /**
             * Format: int64
             * @description Errors of the sound output since the agent started.
             */
            output_errors: number;
            /** @description Whether something sounds. */
            playing: boolean;
            /**
             * Format: int64
             * @description Receipts not yet acknowledged.
             */
            receipts_waiting: number;
            /** @description Messages refused since the agent started, by code. */
            refused: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @description When the agent started, by the node's clock.
             */
            started_at: string;
            /** @description Agent's version. */
            version: string;
            /**
             * Format: int32
             * @description Volume in force, percent.
             */
            volume: number;
        };
        /** @description The bulletin of an item. */
        InboxBulletin: {
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /** @description SHA-256 of what sounds; `clips/HASH` has it. */
            clip: string;
            /**
             * Format: int64
             * @description How long it sounds, seconds, rounded up.
             */
            duration_s: number;
            /** @description Id. */
            id: string;
            /** @description BCP 47. */
            language: string;
            /** @description What is said, when the sender gave it. */
            text?: string | null;
            /** @description Title. */
            title: string;
        };
        /** @description An item from above. */
        InboxItem: {
            /** @description Where it is meant to sound. */
            areas: components["schemas"]["AreaName"][];
            /** @description What airs it: a broadcast, or an entry of the programme. */
            broadcast?: string | null;
            /** @description What is said. */
            bulletin: components["schemas"]["InboxBulletin"];
            /** @description How many of its airings stand where, by status. Absent while there are none. */
            counts?: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @description When a person decided. Absent when the rules of its class did.
             */
            decided_at?: string | null;
            /** @description Who decided. */
            decided_by?: string | null;
            /**
             * Format: date-time
             * @description It must not begin from then on.
             */
            expires_at?: string | null;
            /** @description Id. */
            id: string;
            /**
             * Format: date-time
             * @description When it came.
             */
            received_at: string;
            /** @description That system's name for it. */
            reference: string;
            /** @description Why it was declined. */
            remark?: string | null;
            /** @description What people call the system that sent it. */
            source: string;
            /** @description How far it is. */
            status: components["schemas"]["InboxStatus"];
        };
        /** @description Items, newest first. */
        InboxItems: {
            /** @description These. */
            items: components["schemas"]["InboxItem"][];
        };
        /** @description What became of an item. */
        InboxOutcome: {
            /** @description How many of its airings stand where, by status. Absent while there are none. */
            counts?: {
                [key: string]: number;
            };
            /**
             * Format: date-time
             * @description When a person decided.
             */
            decided_at?: string | null;
            /** @description Why it was declined. */
            remark?: string | null;
            /** @description How far it is. */
            status: components["schemas"]["InboxStatus"];
        };
        /** @description What the sender is told. */
        InboxReceipt: {
            /** @description What airs it, if that is decided. */
            broadcast?: string | null;
            /** @description Id of the item here. */
            id: string;
            /**
             * Format: date-time
             * @description When it came.
             */
            received_at: string;
            /** @description How far it is. */
            status: components["schemas"]["InboxStatus"];
        };
        /**
         * @description How far an item from above is.
         * @enum {string}
         */
        InboxStatus: "waiting" | "queued" | "scheduled" | "aired" | "declined" | "expired";
        /** @description An invitation that nobody has accepted yet. */
        Invitation: {
            /**
             * Format: date-time
             * @description Since when.
             */
            created_at: string;
            /** @description Who invites. */
            created_by: components["schemas"]["PersonName"];
            /**
             * Format: date-time
             * @description It works until then.
             */
            expires_at: string;
            /** @description What whoever accepts will be, and where. */
            grants: components["schemas"]["GrantBody"][];
            /** @description Id. */
            id: string;
        };
        /** @description An invitation and its link. */
        InvitationWithUrl: components["schemas"]["Invitation"] & {
            /** @description Its address on this server, for one person, once. It is shown this once, and kept nowhere. */
            url: string;
        };
        /** @description All of them. */
        Invitations: {
            /** @description Newest first. */
            items: components["schemas"]["Invitation"][];
        };
        /** @description An area in which everything was stopped, and is until somebody releases it. */
        Latch: {
            /** @description The area. */
            area: components["schemas"]["AreaName"];
            /** @description Who stopped it. */
            by: string;
            /** @description Id. */
            id: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
        };
        /** @description What is stopped. */
        Latches: {
            /** @description Oldest first. */
            items: components["schemas"]["Latch"][];
        };
        /** @description What a link carries after `#`. */
        LinkToken: {
            /** @description The token. */
            token: string;
        };
        /** @description A part of the log, newest first. */
        Log: {
            /** @description The records. */
            items: components["schemas"]["LogItem"][];
            /**
             * Format: int64
             * @description `before` for those that follow; absent when there are none.
             */
            next?: number | null;
        };
        /** @description A record, and what it is about. */
        LogItem: components["schemas"]["AuditRow"] & {
            /** @description What it is about, by the names that it has now: a bulletin's title, a node, a person; then areas. */
            about: string[];
            /** @description Whether that is an emergency, or a bulletin for one. */
            emergency: boolean;
        };
        /**
         * @description What has to be there before it can be signed.
         * @enum {string}
         */
        Missing: "position" | "photo" | "horns" | "horn_watts" | "lead" | "spoken_test" | "checks";
        /** @description A month of an area. */
        MonthReport: {
            /** @description The area asked for. */
            area: components["schemas"]["AreaName"];
            /** @description `2026-11`. */
            month: string;
            /** @description By hamlet, weakest class first. */
            rows: components["schemas"]["ReportRow"][];
            /** @description All of it. */
            total: components["schemas"]["Figures"];
        };
        /**
         * @description What becomes of the roll-out.
         * @enum {string}
         */
        Move: "to_share" | "to_all" | "halt" | "resume" | "end";
        /** @description The interface that the node's default route uses. */
        Network: {
            /** @description Its name. */
            interface: string;
            /**
             * Format: int64
             * @description Bytes received since the machine started, as of the last full report.
             */
            received_bytes: number;
            /**
             * Format: int64
             * @description Bytes sent since the machine started, as of the last full report.
             */
            sent_bytes: number;
            /**
             * Format: int32
             * @description Wireless signal, dBm.
             */
            signal_dbm?: number | null;
        };
        /** @description A new area. */
        NewArea: {
            /** @description 2 digits, 5 digits, or a commune's code, `-` and 2 digits. */
            code: string;
            /** @description What people call it. */
            name: string;
            /** @description The area it lies in. A hamlet's is its commune. */
            parent?: string | null;
        };
        /** @description A bulletin to be aired now. */
        NewBroadcast: {
            /** @description Codes of areas; every node in them, once. */
            areas: string[];
            /** @description The bulletin's id. */
            bulletin: string;
            /** @description For an emergency: that it is meant. */
            confirmed?: boolean;
            /**
             * Format: int32
             * @description Seconds from now until no node may begin any more, at most a day. 600 when absent, 3600 for emergencies.
             */
            expires_in_s?: number | null;
        };
        /** @description A new bulletin: of a clip, or of text to be spoken. */
        NewBulletin: {
            /** @description `normal`, `priority`, `emergency`; `normal` when absent. */
            class?: string | null;
            /** @description Hash of a clip that is there already. */
            clip?: string | null;
            /** @description BCP 47; `vi` when absent. */
            language?: string | null;
            /**
             * Format: float
             * @description Speed for the text, 0.5 to 2.
             */
            rate?: number | null;
            /** @description What is said. */
            text?: string | null;
            /** @description Title, up to 120 characters. */
            title: string;
            /** @description Voice for the text, when there is no clip. */
            voice?: string | null;
        };
        /** @description A new one. */
        NewCalendar: {
            /** @description Code of the area. */
            area: string;
        };
        /** @description A role to be given. */
        NewGrant: {
            /** @description Code of an area; everywhere when absent. */
            area?: string | null;
            /** @description The role. */
            role: components["schemas"]["Role"];
        };
        /** @description What a system sends: part `item` of the form. */
        NewInboxItem: {
            /** @description Codes of areas, all within the sender's. */
            areas: string[];
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /**
             * Format: date-time
             * @description It must not begin from then on.
             */
            expires_at?: string | null;
            /** @description BCP 47; `vi` when absent. */
            language?: string | null;
            /** @description The sender's name for it, up to 120 characters: sent again, it is not done again. */
            reference: string;
            /** @description What is said, up to 20,000 characters. It is spoken when there is no part `sound`. */
            text?: string | null;
            /** @description Title, up to 120 characters. */
            title: string;
        };
        /** @description Who is to come, and what they may do. */
        NewInvitation: {
            /** @description At least one. */
            grants: components["schemas"]["NewGrant"][];
        };
        /** @description A new node. */
        NewNode: {
            /** @description Code of the hamlet it stands in. */
            hamlet: string;
            /** @description What people call it. */
            name: string;
        };
        /** @description What is to be in the programme. */
        NewProgrammeEntry: {
            /** @description Codes of areas. */
            areas: string[];
            /** @description The bulletin's id. */
            bulletin: string;
            /**
             * Format: int32
             * @description How long after its nominal start an airing may still begin, 10 to 86,400 seconds; 600 when absent.
             */
            catch_up_s?: number | null;
            /** @description Limits to be lifted: `hours`, `session_minutes`, `sessions_per_day`, `volume`. */
            exceeds?: string[];
            /**
             * Format: date-time
             * @description No airing begins from then on.
             */
            expires_at?: string | null;
            /**
             * Format: int32
             * @description Silence between repeats, seconds; none when absent.
             */
            gap_s?: number | null;
            /**
             * Format: int32
             * @description How often each time, 1 to 20; once when absent.
             */
            repeats?: number | null;
            /** @description Pre-empted, it goes on where it was interrupted. */
            resume?: boolean;
            /** @description IANA zone of the timetable; the broker's when absent. */
            time_zone?: string | null;
            /** @description When. */
            timetable: components["schemas"]["TimetableBody"];
        };
        /** @description A roll-out to be begun. */
        NewRollout: {
            /** @description The node that gets it first. */
            first: string;
            /**
             * Format: int32
             * @description The share of the second stage, percent of the nodes.
             */
            percent: number;
            /** @description Which version. */
            version: string;
        };
        /** @description When an item is to be aired: an entry of the programme without its bulletin. */
        NewSchedule: {
            /** @description Codes of areas; the item's own when absent. */
            areas?: string[] | null;
            /**
             * Format: int32
             * @description How long after its nominal start an airing may still begin, 10 to 86,400 seconds; 600 when absent.
             */
            catch_up_s?: number | null;
            /** @description Limits to be lifted: `hours`, `session_minutes`, `sessions_per_day`, `volume`. */
            exceeds?: string[];
            /**
             * Format: date-time
             * @description No airing begins from then on; never later than the item's own.
             */
            expires_at?: string | null;
            /**
             * Format: int32
             * @description Silence between repeats, seconds; none when absent.
             */
            gap_s?: number | null;
            /**
             * Format: int32
             * @description How often each time, 1 to 20; once when absent.
             */
            repeats?: number | null;
            /** @description Pre-empted, it goes on where it was interrupted. */
            resume?: boolean;
            /** @description IANA zone of the timetable; the broker's when absent. */
            time_zone?: string | null;
            /** @description When. */
            timetable: components["schemas"]["TimetableBody"];
        };
        /** @description What was found. */
        NewSheet: {
            /** @description What is ticked. Who ticked an item first stays on it. */
            checks?: components["schemas"]["CheckItem"][];
            /**
             * Format: int32
             * @description What each of them takes, watts, 1 to 1000.
             */
            horn_watts?: number | null;
            /**
             * Format: int32
             * @description How many horns it has, 1 to 64.
             */
            horns?: number | null;
            /** @description Whether that was measured rather than taken from its papers. */
            lead_measured?: boolean;
            /**
             * Format: int32
             * @description How long the amplifier takes to wake, milliseconds, at most 10,000.
             */
            lead_ms?: number | null;
            position?: components["schemas"]["Position"] | null;
            /** @description Anything else, up to 500 characters. */
            remark?: string;
        };
        /** @description A new one. */
        NewSource: {
            /** @description Code of the area that it may send to, with those within. */
            area: string;
            /** @description What people call it, up to 80 characters. */
            name: string;
        };
        /** @description One of the next airings. */
        NextAiring: {
            /**
             * Format: int64
             * @description How long it is, seconds, rounded up.
             */
            duration_s: number;
            /** @description In how many hamlets. */
            hamlets: number;
            /** @description On how many nodes. */
            nodes: number;
            /**
             * Format: int32
             * @description Which of the repeats, from 0.
             */
            repeat: number;
            /**
             * Format: date-time
             * @description Its nominal start.
             */
            start: string;
        };
        /** @description A node. */
        Node: {
            /** @description How far it believes its clock: `unknown`, `set`, `synchronised`. */
            clock?: string | null;
            commune?: components["schemas"]["AreaName"] | null;
            /**
             * Format: date-time
             * @description When its hardware got its first certificate.
             */
            enrolled_at?: string | null;
            /** @description Plans. */
            generation: components["schemas"]["Generation"];
            /** @description Where it stands. */
            hamlet: components["schemas"]["AreaName"];
            heartbeat?: components["schemas"]["Heartbeat"] | null;
            /** @description Id, for life. */
            id: string;
            /** @description How many clips of its plan are not on its disk yet. */
            lacking: number;
            /**
             * Format: date-time
             * @description When it was last heard of.
             */
            last_seen?: string | null;
            /** @description Whether it says that everything is stopped there. */
            latched: boolean;
            /** @description What people call it. */
            name: string;
            /** @description Whether sound can come out: `ready`, `lost`. */
            output?: string | null;
            playing?: components["schemas"]["NodePlaying"] | null;
            /** @description Whether it is there. */
            status: components["schemas"]["NodeStatus"];
            /** @description Agent's version. */
            version?: string | null;
            /** @description How loud it plays. */
            volume: components["schemas"]["Volume"];
            /** @description How many airings wait for their turn. */
            waiting: number;
        };
        /** @description What may be changed. */
        NodeChange: {
            /** @description Code of the hamlet it stands in from now on. */
            hamlet?: string | null;
            /** @description What people call it. */
            name?: string | null;
            volume?: components["schemas"]["Volume"] | null;
        };
        /** @description How the node was when it was signed. */
        NodeFigures: {
            /** @description How far it believed its clock: `unknown`, `set`, `synchronised`. */
            clock?: string | null;
            /**
             * Format: int32
             * @description Degrees Celsius.
             */
            cpu_temperature_c?: number | null;
            /**
             * Format: int32
             * @description How loud in an emergency, percent.
             */
            emergency_percent: number;
            /** @description The network's interface. */
            interface?: string | null;
            /**
             * Format: int32
             * @description Wireless signal, dBm.
             */
            signal_dbm?: number | null;
            /**
             * Format: int64
             * @description From sending the spoken test to its first sound, milliseconds, by the clocks of broker and node.
             */
            sound_after_ms?: number | null;
            /** @description Agent's version. */
            version?: string | null;
            /**
             * Format: int32
             * @description How loud it played, percent.
             */
            volume_percent: number;
        };
        /** @description A node, in short. */
        NodeName: {
            /** @description Id. */
            id: string;
            /** @description What people call it. */
            name: string;
        };
        /** @description What sounds on a node. */
        NodePlaying: {
            /** @description The airing. */
            airing: string;
            /** @description Its broadcast. */
            broadcast: string;
            /**
             * @description Its class.
             * @example normal
             */
            class: string;
            /**
             * Format: int64
             * @description How long it is, milliseconds.
             */
            duration_ms: number;
            /**
             * Format: date-time
             * @description When it began.
             */
            started_at: string;
            /** @description The title of its bulletin, when it is one of this broker's. */
            title?: string | null;
        };
        /** @description How far a node is. */
        NodeRelease: {
            /** @description Where it stands. */
            hamlet: components["schemas"]["AreaName"];
            /** @description The node. */
            id: string;
            /** @description What people call it. */
            name: string;
            progress?: components["schemas"]["Progress"] | null;
            /** @description Why it goes no further, by code. */
            reason?: string | null;
            /** @description The version that it last said it runs. */
            version?: string | null;
        };
        /**
         * @description Whether a node is there.
         * @enum {string}
         */
        NodeStatus: "new" | "offline" | "online" | "lost" | "revoked" | "retired";
        /** @description Six digits of the app, or a recovery code. */
        OneTimeCode: {
            /** @description The code. */
            code: string;
        };
        /** @description Somebody is signed in somewhere. */
        OpenSession: {
            /** @description The address that it was opened from. */
            address: string;
            /** @description What the browser said it is. */
            browser: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description It ends then, however it is used.
             */
            expires_at: string;
            /** @description Id. */
            id: string;
            /**
             * Format: date-time
             * @description When it was last used, to five minutes.
             */
            seen_at: string;
            /** @description Whether it is the one that asks. */
            this: boolean;
        };
        /** @description All of them. */
        OpenSessions: {
            /** @description The last used first. */
            items: components["schemas"]["OpenSession"][];
        };
        /** @description An order. */
        Order: {
            /** @description Entries, the first to go first. */
            ids: string[];
        };
        /** @description The password. */
        Password: {
            /** @description What it is. */
            password: string;
        };
        /** @description The password, and the one that is to take its place. */
        PasswordChange: {
            /** @description What it is to be, at least 10 characters. */
            new: string;
            /** @description What it is. */
            old: string;
        };
        /** @description Everybody. */
        People: {
            /** @description By name. */
            items: components["schemas"]["Person"][];
        };
        /**
         * @description What a role allows.
         * @enum {string}
         */
        Permission: "read" | "compose" | "approve" | "air" | "schedule" | "decide" | "order" | "stop" | "release" | "share" | "install" | "manage";
        /** @description A person who can sign in, or could. */
        Person: {
            /**
             * Format: date-time
             * @description When they were added.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Since when they can't sign in any more.
             */
            deactivated_at?: string | null;
            /** @description What they are, and where. */
            grants: components["schemas"]["GrantBody"][];
            /** @description Id. */
            id: string;
            /** @description What others see. */
            name: string;
            /** @description Whether signing in takes them a second step. */
            two_step: boolean;
            /** @description What they sign in by. */
            username: string;
            /** @description Whether whoever asks may change anything of them. */
            yours: boolean;
        };
        /** @description A person, as others see them. */
        PersonName: {
            /** @description What others see. */
            display_name: string;
            /** @description Id. */
            id: string;
        };
        /** @description What an area allows. What isn't limited is allowed. */
        PolicyBody: {
            /** @description How loud at most, by hour. */
            ceilings?: components["schemas"]["CeilingBody"][];
            /** @description What a broadcast may be allowed to exceed at all. */
            exceedable?: string[];
            /** @description Who may allow it. */
            exceeders?: components["schemas"]["ExceederBody"][];
            /** @description Allowed hours of the seven days, Monday first; a day without any is silent. */
            hours: components["schemas"]["SpanBody"][][];
            /** @description Ids of people who may approve what they made themselves, here and within. */
            own_approvers?: string[];
            /**
             * Format: int32
             * @description Longest session, minutes.
             */
            session_minutes?: number | null;
            /**
             * Format: int32
             * @description Most sessions a day.
             */
            sessions_per_day?: number | null;
        };
        /** @description An airing of the programme that is refused. */
        PolicyBreach: components["schemas"]["BreachBody"] & {
            /** @description The bulletin's title. */
            title: string;
        };
        /** @description Where it stands, WGS 84. */
        Position: {
            /**
             * Format: double
             * @description How far it may be off, metres, as the phone says; absent when it was typed.
             */
            accuracy_m?: number | null;
            /**
             * Format: double
             * @description Degrees, north positive.
             */
            latitude: number;
            /**
             * Format: double
             * @description Degrees, east positive.
             */
            longitude: number;
        };
        /** @description What comes of an entry. */
        Preview: {
            /** @description How many airings would be refused within a year. */
            breach_count: number;
            /** @description What would be refused because of it, the first ten. */
            breaches: components["schemas"]["BreachBody"][];
            /** @description Limits that whoever asks may lift there. */
            lifted: string[];
            /** @description The next airings, at most ten. */
            next: components["schemas"]["NextAiring"][];
            /** @description What else to think of. */
            warnings: components["schemas"]["WarningBody"][];
        };
        /** @description The same, to look at what would come of it. */
        PreviewRequest: components["schemas"]["NewProgrammeEntry"] & {
            /** @description The entry that it is to replace. */
            replaces?: string | null;
        };
        /** @description How a problem looks on the wire. */
        ProblemBody: {
            /** @description What went wrong. */
            code: components["schemas"]["Code"];
            /** @description More, in English, for developers. */
            detail?: string | null;
            /** @description What the words for people need. */
            params: Record<string, never>;
            /**
             * Format: int32
             * @description The HTTP status again.
             */
            status: number;
            /** @description English, for developers. */
            title: string;
            /** @description Always `about:blank`: the code says more. */
            type: string;
        };
        /** @description Part of the programme. */
        Programme: {
            /** @description By place, then by when it was made. */
            items: components["schemas"]["ProgrammeEntry"][];
        };
        /** @description A broadcast by timetable. */
        ProgrammeEntry: {
            /** @description Where. */
            areas: components["schemas"]["AreaName"][];
            /** @description What is said. */
            bulletin: components["schemas"]["EntryBulletin"];
            /**
             * Format: int32
             * @description How long after its nominal start an airing may still begin, seconds.
             */
            catch_up_s: number;
            /**
             * Format: date-time
             * @description When it last changed.
             */
            changed_at: string;
            /**
             * Format: date-time
             * @description When it was put into the programme.
             */
            created_at: string;
            /** @description By whom. */
            created_by: string;
            /** @description Limits lifted for it: `hours`, `session_minutes`, `sessions_per_day`, `volume`. */
            exceeds: string[];
            /**
             * Format: date-time
             * @description No airing begins from then on.
             */
            expires_at?: string | null;
            /**
             * Format: int32
             * @description Silence between repeats, seconds.
             */
            gap_s: number;
            /** @description Id. */
            id: string;
            /** @description The item from above that it airs. */
            inbox_item?: string | null;
            /** @description The next airing, if there is one. */
            next: string[];
            /** @description How many nodes air it. */
            nodes: number;
            /** @description Whether nothing of it is to come any more. */
            over: boolean;
            /**
             * Format: int32
             * @description Among waiting equals the least goes first.
             */
            position: number;
            /**
             * Format: int32
             * @description How often each time.
             */
            repeats: number;
            /** @description Pre-empted, it goes on where it was interrupted. */
            resume: boolean;
            /** @description IANA zone of the timetable. */
            time_zone: string;
            /** @description When. */
            timetable: components["schemas"]["TimetableBody"];
        };
        /**
         * @description How far a node is with a release.
         * @enum {string}
         */
        Progress: "later" | "told" | "fetching" | "waiting" | "trying" | "updated" | "failed" | "refused" | "rolled_back" | "impossible";
        /** @description How a text will be read. */
        Reading: {
            /** @description What was changed, in the order of the text. */
            changes: components["schemas"]["ReadingChange"][];
            /** @description The words that the voice gets. */
            text: string;
        };
        /** @description A fragment that is read otherwise than it is written. */
        ReadingChange: {
            /** @description As written. */
            from: string;
            /** @description As read. */
            to: string;
        };
        /** @description For the day the phone is lost. */
        RecoveryCodes: {
            /** @description Each signs in once instead of a code of the app. They are shown this once, and kept nowhere. */
            codes: string[];
        };
        /** @description A version of the agent. */
        Release: {
            /**
             * Format: date-time
             * @description When the first of them was added.
             */
            added_at: string;
            /**
             * Format: date-time
             * @description Not installed from then on.
             */
            not_after: string;
            /** @description The kinds of machine there is a program for. */
            targets: string[];
            /** @description The version. */
            version: string;
        };
        /** @description A latch that was released. */
        Released: {
            /**
             * Format: date-time
             * @description When.
             */
            released_at: string;
            /** @description By whom. */
            released_by: string;
        };
        /** @description Everything about releases. */
        Releases: {
            /** @description Those that can be rolled out, the newest first. */
            items: components["schemas"]["Release"][];
            /** @description Whether whoever asks may move the roll-out. */
            may_move: boolean;
            /** @description The nodes in sight. */
            nodes: components["schemas"]["NodeRelease"][];
            rollout?: components["schemas"]["Rollout"] | null;
        };
        /** @description A no. */
        Remark: {
            /** @description Why, for its maker, up to 500 characters. */
            remark: string;
        };
        /** @description A new name. */
        Rename: {
            /** @description What people call it. */
            name: string;
        };
        /** @description One hamlet and class. */
        ReportRow: components["schemas"]["Figures"] & {
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /** @description Where. */
            hamlet: components["schemas"]["AreaName"];
        };
        /** @description A new password, by a link. */
        Reset: {
            /** @description At least 10 characters. */
            password: string;
            /** @description From the link, after `#`. */
            token: string;
        };
        /** @description A link for a new password. */
        ResetLink: {
            /**
             * Format: date-time
             * @description It works until then.
             */
            expires_at: string;
            /** @description Its address on this server, for one person, once. It is shown this once, and kept nowhere. */
            url: string;
        };
        /**
         * @description What somebody is, in an area.
         * @enum {string}
         */
        Role: "admin" | "editor" | "approver" | "operator" | "installer" | "viewer";
        /** @description A release on its way to the nodes. */
        Rollout: {
            /** @description The node that gets it first. */
            first: string;
            /**
             * Format: date-time
             * @description Since when it goes no further.
             */
            halted_at?: string | null;
            /** @description The node that went back, if that is why. */
            halted_for?: string | null;
            /**
             * Format: int32
             * @description The share of the second stage, percent of the nodes.
             */
            percent: number;
            /** @description How far it is to go. */
            stage: components["schemas"]["Stage"];
            /**
             * Format: date-time
             * @description When it began.
             */
            started_at: string;
            /** @description Who began it. */
            started_by: string;
            /** @description Which. */
            version: string;
        };
        /** @description A step. */
        RolloutStep: {
            /** @description Which. */
            to: components["schemas"]["Move"];
        };
        /** @description What became of a run on one node. */
        RunNode: {
            /**
             * Format: date-time
             * @description When it was over.
             */
            ended_at?: string | null;
            /** @description Where it stands. */
            hamlet: components["schemas"]["AreaName"];
            /**
             * Format: double
             * @description How long after its nominal start it began, seconds.
             */
            late_s?: number | null;
            /** @description Id. */
            node: string;
            /** @description What people call it. */
            node_name: string;
            /** @description Why, where there is more to say. */
            reason?: string | null;
            /**
             * Format: date-time
             * @description When it began to sound.
             */
            started_at?: string | null;
            /**
             * @description `due`, or as an airing's.
             * @example played
             */
            status: string;
        };
        /**
         * @description How far a run is.
         * @enum {string}
         */
        RunState: "due" | "running" | "over";
        /** @description Who is signed in. */
        Session: {
            /** @description The person. */
            user: components["schemas"]["User"];
        };
        /** @description The first administrator. */
        Setup: {
            /** @description What others see. */
            display_name: string;
            /** @description At least 10 characters. */
            password: string;
            /** @description From the set-up link, after `#`. */
            token: string;
            /** @description 3 to 40 of letters, digits, `.`, `_`, `-`. */
            username: string;
        };
        /** @description Whether the first administrator is still to be made. */
        SetupState: {
            /** @description True until somebody can sign in. */
            needed: boolean;
        };
        /** @description A signature. */
        Signature: {
            /**
             * Format: date-time
             * @description When.
             */
            at: string;
            /** @description Who. */
            by: string;
            /** @description How the node was. */
            figures: components["schemas"]["NodeFigures"];
        };
        /** @description A system that may send from above. */
        Source: {
            /** @description It may send to this area and those within. */
            area: components["schemas"]["AreaName"];
            /**
             * Format: date-time
             * @description When it was added.
             */
            created_at: string;
            /** @description Id. */
            id: string;
            /** @description What people call it. */
            name: string;
        };
        /** @description A system that may send from above, and the secret by which it is known. */
        SourceWithToken: components["schemas"]["Source"] & {
            /** @description Its credential. It is shown this once, and kept nowhere. */
            token: string;
        };
        /** @description All of them. */
        Sources: {
            /** @description These. */
            items: components["schemas"]["Source"][];
        };
        /** @description Some time of each day. */
        SpanBody: {
            /**
             * @description `HH:MM`.
             * @example 05:00
             */
            from: string;
            /**
             * @description `HH:MM`, up to `24:00`.
             * @example 22:00
             */
            to: string;
        };
        /** @description What is to be spoken. */
        SpeechRequest: {
            /**
             * Format: float
             * @description Speed: 1 is the voice's own, 0.5 to 2.
             */
            rate?: number | null;
            /** @description The text. */
            text: string;
            /** @description Name of the voice. */
            voice: string;
        };
        /** @description What became of the spoken test. */
        SpokenTest: {
            /** @description Its broadcast. */
            broadcast: string;
            /**
             * Format: date-time
             * @description When it was sent.
             */
            sent_at: string;
            /**
             * Format: int64
             * @description From there to its first sound, milliseconds, by the clocks of broker and node.
             */
            sound_after_ms?: number | null;
            /** @description What the node reported. */
            status: components["schemas"]["AiringStatus"];
        };
        /**
         * @description How far a roll-out is to go.
         * @enum {string}
         */
        Stage: "first" | "share" | "all";
        /** @description Where to fall silent. */
        StopRequest: {
            /** @description Codes of areas; when absent, everywhere where one may stop. */
            areas?: string[] | null;
        };
        /** @description Who was told to stop, and what stays stopped. */
        Stopped: {
            /**
             * @description What now has to be released before anything sounds there again. Empty when the broker's disk is full: then it is silent, but not kept
             *     so.
             */
            latches: components["schemas"]["Latch"][];
            /** @description How many nodes were told. */
            nodes: number;
        };
        /** @description How many nodes were told to stop. */
        Stopping: {
            /** @description Nodes told. */
            nodes: number;
        };
        /** @description Where a bulletin is meant to air. */
        Submission: {
            /** @description Codes of areas. */
            areas: string[];
        };
        /** @description A text. */
        Text: {
            /** @description The text. */
            text: string;
        };
        /** @description Days and times of day, local. */
        TimetableBody: {
            /** @description Weekly: 1 to 7, Monday first. Monthly: 1 to 31, and -1 for the last. */
            days?: number[];
            /**
             * @description `once`, `day`, `week`, `month`.
             * @example week
             */
            every: string;
            /** @description Days left out. */
            except?: string[];
            /** @description The first day, `YYYY-MM-DD`; once: the only one. */
            from: string;
            /**
             * @description `HH:MM`.
             * @example [
             *       "05:00"
             *     ]
             */
            times: string[];
            /** @description The last day; none: for ever. */
            until?: string | null;
        };
        /** @description What an authenticator app needs. */
        TwoStepSecret: {
            /** @description That QR code, SVG. */
            qr: string;
            /** @description To be typed. */
            secret: string;
            /** @description To be opened, or shown as a QR code. */
            uri: string;
        };
        /** @description The person who is signed in. */
        User: {
            /** @description What others see. */
            display_name: string;
            /** @description What they are, and where. */
            grants: components["schemas"]["GrantBody"][];
            /** @description Id. */
            id: string;
            /** @description What they may do, at least somewhere. */
            may: components["schemas"]["Permission"][];
            /** @description Whether signing in takes a second step. */
            two_step: boolean;
            /** @description User name. */
            username: string;
        };
        /** @description A voice. */
        Voice: {
            /** @description Its name in requests. */
            id: string;
            /** @description What to call it in English. */
            label_en: string;
            /** @description What to call it in Vietnamese. */
            label_vi: string;
            /** @description BCP 47. */
            language: string;
        };
        /** @description Loudness, percent of full scale by voltage. */
        Volume: {
            /**
             * Format: int32
             * @description For emergencies.
             */
            emergency_percent: number;
            /**
             * Format: int32
             * @description For normal and priority bulletins.
             */
            percent: number;
        };
        /** @description Bulletins that wait for a decision. */
        Waiting: {
            /** @description The longest waiting first. */
            items: components["schemas"]["Bulletin"][];
        };
        /** @description Something that isn't refused and yet may not be meant. */
        WarningBody: {
            /** @enum {string} */
            kind: "collides";
            /**
             * Format: date-time
             * @description The first airing that does.
             */
            start: string;
            /** @description The other entry. */
            with: components["schemas"]["Collided"];
        } | {
            /** @enum {string} */
            kind: "night";
            /**
             * Format: date-time
             * @description The first that does.
             */
            start: string;
        } | {
            /** @description The commune. */
            area: components["schemas"]["AreaName"];
            /** @enum {string} */
            kind: "whole_commune";
        } | {
            /** @enum {string} */
            kind: "never";
        } | {
            /** @description The latched area. */
            area: components["schemas"]["AreaName"];
            /** @enum {string} */
            kind: "latched";
        } | {
            /** @enum {string} */
            kind: "no_nodes";
        };
        /** @description Seven days. */
        Week: {
            /** @description The days. */
            days: components["schemas"]["WeekDay"][];
            /** @description The first day. */
            from: string;
            /** @description What is allowed in the area. */
            policy: components["schemas"]["PolicyBody"];
            /** @description The zone of the days. */
            time_zone: string;
        };
        /** @description A start in the week's programme. */
        WeekAiring: {
            /**
             * @description `normal`, `priority`, `emergency`.
             * @example normal
             */
            class: string;
            /**
             * Format: int64
             * @description How long the clip is, seconds.
             */
            duration_s: number;
            /** @description The entry. */
            entry: string;
            /** @description Where. */
            hamlets: components["schemas"]["AreaName"][];
            /**
             * Format: int32
             * @description Which of the repeats, from 0.
             */
            repeat: number;
            /**
             * Format: date-time
             * @description Its nominal start.
             */
            start: string;
            /** @description How many nodes, by status; only of what has started. */
            status?: {
                [key: string]: number;
            } | null;
            /** @description The bulletin's title. */
            title: string;
            /** @description Whether that is all of the area asked for. */
            whole: boolean;
        };
        /** @description A local day of a week. */
        WeekDay: {
            /** @description By start. */
            airings: components["schemas"]["WeekAiring"][];
            /** @description Local. */
            date: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
