// Made from docs/api/openapi.json by `npm run api`. Do not edit.

export interface paths {
    "/v1/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists agents. */
        get: operations["listAgents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/agents/{agent}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets an agent. */
        get: operations["getAgent"];
        put?: never;
        post?: never;
        /** Removes an agent that no endpoint serves any more (AGENT_CONNECTED otherwise). */
        delete: operations["deleteAgent"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apiKeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists api keys. */
        get: operations["listApiKeys"];
        put?: never;
        /**
         * Creates a key that acts with the given roles, none of them above the caller's own (ROLE_NOT_GRANTABLE).
         * @description Creates a key that acts with the given roles, none of them above the caller's own (ROLE_NOT_GRANTABLE). The answer is the only place where the key itself is ever shown.
         */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apiKeys/{apiKey}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets an api key. */
        get: operations["getApiKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/apiKeys/{apiKey}:revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a key everywhere within a second. */
        post: operations["revokeApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Newest first. */
        get: operations["listApprovals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets an approval. */
        get: operations["getApproval"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval}:approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decides for the step: it goes on by its port "approved".
         * @description Decides for the step: it goes on by its port "approved". Only those may decide whom `approvers` names: PERMISSION_DENIED, reason APPROVAL_NOT_YOURS. The first decision stands; another one is refused: FAILED_PRECONDITION, reason APPROVAL_DECIDED. The same decision of the same principal may be sent again.
         */
        post: operations["approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval}:reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decides against the step: it goes on by its port "rejected".
         * @description Decides against the step: it goes on by its port "rejected". Otherwise like Approve.
         */
        post: operations["reject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auditEvents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Newest first. */
        get: operations["listAuditEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchanges an e-mail address and a password for tokens.
         * @description Exchanges an e-mail address and a password for tokens. Wrong address, wrong password and a disabled user give the same answer, UNAUTHENTICATED with reason CREDENTIALS_INVALID.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the session that a refresh token belongs to.
         * @description Ends the session that a refresh token belongs to. Unknown tokens are accepted silently.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller as the platform sees it. */
        get: operations["whoAmI"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Exchanges a refresh token for a new pair.
         * @description Exchanges a refresh token for a new pair. Each refresh token works once; using one twice ends the whole session (TOKEN_REUSED).
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Newest first.
         * @description Newest first. Without `input` and `output`.
         */
        get: operations["listExecutions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets an execution. */
        get: operations["getExecution"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stops an execution: its open steps become CANCELED and workers are told; with `compensate` what completed is undone first.
         * @description Stops an execution: its open steps become CANCELED and workers are told; with `compensate` what completed is undone first. One that is being cancelled, or was, is answered as it is; one that is over otherwise is refused: FAILED_PRECONDITION, reason EXECUTION_OVER.
         */
        post: operations["cancelExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}:fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a new execution from a checkpoint of another one, whether that is over or not, with changed inputs and outputs where given. */
        post: operations["forkExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}:pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets no new step begin until :resume.
         * @description Lets no new step begin until :resume. What is under way goes on and its results count. Refused with FAILED_PRECONDITION, reason EXECUTION_PAUSED, where it is paused already. The same request_id counts once.
         */
        post: operations["pauseExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}:replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What the engine decides when it is given again what the journal of an execution has recorded: results, timers, signals, approvals.
         * @description What the engine decides when it is given again what the journal of an execution has recorded: results, timers, signals, approvals. In memory: it starts nothing and writes nothing. With another version it tells what that would have done with this run.
         */
        post: operations["replayExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}:resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lets a paused execution go on and says what becomes of each step that is held after an error.
         * @description Lets a paused execution go on and says what becomes of each step that is held after an error. Refused with FAILED_PRECONDITION, reason EXECUTION_NOT_PAUSED, where it is not paused. The same request_id counts once.
         */
        post: operations["resumeExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}:retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs an execution that FAILED, TIMED_OUT or was CANCELED again from the step where it went wrong, as a new execution that keeps the results before it.
         * @description Runs an execution that FAILED, TIMED_OUT or was CANCELED again from the step where it went wrong, as a new execution that keeps the results before it. The old one stays as it is.
         */
        post: operations["retryExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}:signal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a signal, which is kept until a flow.signal step takes it.
         * @description Sends a signal, which is kept until a flow.signal step takes it. The same request_id counts once.
         */
        post: operations["signalExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}/checkpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The places in its journal from which an execution can be forked, oldest first. */
        get: operations["listCheckpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The journal, oldest first. */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/executions/{execution}/steps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Steps in the order they were activated. */
        get: operations["listSteps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/expressions:check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finds everything that is wrong with an expression, its type and, with a cursor, what may be written there.
         * @description Finds everything that is wrong with an expression, its type and, with a cursor, what may be written there. Problems are an answer, not an error; documents that do not validate are answered for as well. A workflow needs workflows.get, an execution executions.get.
         */
        post: operations["checkExpression"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/expressions:evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Evaluates an expression against sample data or against an execution, and changes nothing.
         * @description Evaluates an expression against sample data or against an execution, and changes nothing. What goes wrong in the expression is an answer, not an error. An execution needs executions.get.
         */
        post: operations["evaluateExpression"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nodeTypes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists node types. */
        get: operations["listNodeTypes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/nodeTypes/{nodeType}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a node type. */
        get: operations["getNodeType"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payloads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stores content and answers its name.
         * @description Stores content and answers its name. The name follows from content and type, so that the same upload may be sent again. It is kept for some days, and for as long as any execution that names it is kept. Over the limit (8 MiB): INVALID_ARGUMENT, reason PAYLOAD_TOO_LARGE.
         */
        post: operations["createPayload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payloads/{payload}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** With its content. */
        get: operations["getPayload"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists schedules. */
        get: operations["listSchedules"];
        put?: never;
        /** Creates a schedule. */
        post: operations["createSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{schedule}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a schedule. */
        get: operations["getSchedule"];
        put?: never;
        post?: never;
        /** Deletes a schedule. */
        delete: operations["deleteSchedule"];
        options?: never;
        head?: never;
        /** Changes a schedule. */
        patch: operations["updateSchedule"];
        trace?: never;
    };
    "/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Changes as they happen.
         * @description Changes as they happen. Over WebSocket at /v1/stream each text message is one frame in JSON; over gRPC the same frames travel on the stream.
         *
         *     The client subscribes under an id of its choice. Every event carries a position; after a broken connection the client subscribes again with the last one it saw and misses nothing. A position that is too old is answered with Reset: read the state by REST, then go on.
         *
         *     As WebSocket: each text message is a ClientFrame or a ServerFrame in JSON. A browser gives its token as the subprotocols "agentflow.v1" and "bearer.<token>". As server-sent events (Accept: text/event-stream): each event's data is a ServerFrame and its id the position.
         */
        get: operations["stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists tenants. */
        get: operations["listTenants"];
        put?: never;
        /** Creates a tenant and its first administrator. */
        post: operations["createTenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tenants/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a tenant. */
        get: operations["getTenant"];
        put?: never;
        post?: never;
        /**
         * Deletes a tenant with everything that it has, which cannot be undone.
         * @description Deletes a tenant with everything that it has, which cannot be undone. Its credentials end at once; it is DELETING while all services erase what they hold, and then it is gone. Asking again changes nothing. Nobody deletes the tenant that he himself belongs to.
         */
        delete: operations["deleteTenant"];
        options?: never;
        head?: never;
        /** Changes the title, the state or the quotas. */
        patch: operations["updateTenant"];
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists users. */
        get: operations["listUsers"];
        put?: never;
        /** Creates a user. */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a user. */
        get: operations["getUser"];
        put?: never;
        post?: never;
        /** Deletes a user. */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        /**
         * Changes the display name, the roles or the state.
         * @description Changes the display name, the roles or the state. The last administrator of a tenant can be neither disabled nor stripped of the role (LAST_ADMINISTRATOR).
         */
        patch: operations["updateUser"];
        trace?: never;
    };
    "/v1/workflows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Without `document` and `source` in each workflow unless view is FULL. */
        get: operations["listWorkflows"];
        put?: never;
        /**
         * Creates a draft.
         * @description Creates a draft. Its id is `workflow_id`, else the one in workflow.name, else the document's metadata.name. A draft may hold problems, which :validate lists; only :publish insists on none.
         */
        post: operations["createWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows:import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Creates or replaces a draft from text and reports what could not be kept. */
        post: operations["importWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows:validate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finds every problem of a document, stored or not, and changes nothing.
         * @description Finds every problem of a document, stored or not, and changes nothing. Problems are an answer, not an error.
         */
        post: operations["validateWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a workflow. */
        get: operations["getWorkflow"];
        put?: never;
        post?: never;
        /** Deletes the draft and hides the versions; executions keep theirs. */
        delete: operations["deleteWorkflow"];
        options?: never;
        head?: never;
        /**
         * Changes the draft.
         * @description Changes the draft. A stale etag is refused with ABORTED, reason ETAG_MISMATCH.
         */
        patch: operations["updateWorkflow"];
        trace?: never;
    };
    "/v1/workflows/{workflow}:batchStart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Starts up to 1000 executions of one workflow, each as StartExecution does: what is wrong with one does not touch the others.
         * @description Starts up to 1000 executions of one workflow, each as StartExecution does: what is wrong with one does not touch the others. With a request_id in each, the whole may be sent again.
         */
        post: operations["batchStartExecutions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}:export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The draft or a version as text, ready for :import. */
        get: operations["exportWorkflow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}:publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes the draft an immutable version.
         * @description Makes the draft an immutable version. An unchanged draft gives its existing version again. A draft with problems is refused: FAILED_PRECONDITION, reason WORKFLOW_INVALID, with the first problem in the message.
         */
        post: operations["publishWorkflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}:start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Starts one execution of a published version.
         * @description Starts one execution of a published version. The answer comes after the start is durable. With a request_id, the same request gives the same execution however often it is sent; another body under that id is refused: ALREADY_EXISTS, reason REQUEST_ID_REUSED. With a business_key that an execution of the workflow has which is not over: ALREADY_EXISTS, reason BUSINESS_KEY_IN_USE, or with use_existing that execution is the answer.
         */
        post: operations["startExecution"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}/migrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Newest first. */
        get: operations["listMigrations"];
        put?: never;
        /**
         * Begins to look at every live execution of `from_version`, and answers at once; GetMigration shows how far it is.
         * @description Begins to look at every live execution of `from_version`, and answers at once; GetMigration shows how far it is. With `validate_only` no execution changes and the counts say what would become of each. An execution that cannot be moved stays where it is, with the reason. The same request_id gives the same migration.
         */
        post: operations["createMigration"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}/migrations/{migration}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a migration. */
        get: operations["getMigration"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Newest first, without documents. */
        get: operations["listWorkflowVersions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{workflow}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Gets a workflow version. */
        get: operations["getWorkflowVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflowStats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One row per workflow. */
        get: operations["listWorkflowStats"];
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
        Agent: {
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            createTime?: string;
            description?: string;
            /** @description Reachable instances now. */
            endpoints?: components["schemas"]["Endpoint"][];
            /** @description JSON Schemas of a task's input and output; unset: anything. */
            inputSchema?: {
                [key: string]: unknown;
            };
            /**
             * Format: int32
             * @description Number of the newest description; each change of schema or text makes a new one.
             */
            latestVersion?: number;
            /** @description agents/{id}; the id is a slug: [a-z][a-z0-9_-]{0,62} */
            name?: string;
            outputSchema?: {
                [key: string]: unknown;
            };
            /** @description For people. */
            title?: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             * @example 2026-01-31T08:30:00Z
             */
            updateTime?: string;
        };
        ApiKey: {
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            readonly createTime?: string;
            /** @description Principal that created it. */
            readonly creator?: string;
            /**
             * Format: date-time
             * @description Unset: does not end by itself.
             * @example 2026-01-31T08:30:00Z
             */
            expireTime?: string;
            /** @description The first characters, to recognise it by. */
            readonly hint?: string;
            /** @description apiKeys/{id} */
            name?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            readonly revokeTime?: string;
            roles?: string[];
            /** @description For people. */
            title?: string;
        };
        Approval: {
            /** @description "role:{name}", "user:{id or email}", "group:{name}"; empty: whoever has approvals.decide. */
            approvers?: string[];
            comment?: string;
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            createTime?: string;
            /** @description Principal that decided. */
            decider?: string;
            /** @description Markdown. */
            description?: string;
            /**
             * Format: date-time
             * @description Unset while it is OPEN.
             * @example 2026-01-31T08:30:00Z
             */
            endTime?: string;
            /** @description executions/{id} */
            execution?: string;
            /**
             * Format: date-time
             * @description When the step's `onTimeout` decides; unset: never.
             * @example 2026-01-31T08:30:00Z
             */
            expireTime?: string;
            /** @description JSON Schema of the values that a decision gives; unset: none. */
            form?: {
                [key: string]: unknown;
            };
            /** @description Whether the caller is one of `approvers`. */
            readonly mine?: boolean;
            /** @description approvals/{id}; the id is a UUID. */
            name?: string;
            state?: components["schemas"]["Approval.State"];
            /** @description Key of the step: "sign", "outer.inner#2.5". */
            step?: string;
            /** @description For people. */
            title?: string;
            /** @description As the decision gave them. */
            values?: unknown;
            /** @description workflows/{id} */
            workflow?: string;
        };
        /**
         * @description - `CLOSED`: Nobody needs to decide any more: its step ended in another way.
         * @enum {string}
         */
        "Approval.State": "OPEN" | "APPROVED" | "REJECTED" | "CLOSED";
        AttemptFailure: {
            /** Format: int32 */
            attempt?: number;
            error?: components["schemas"]["ExecutionError"];
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            time?: string;
        };
        AuditEvent: {
            /** @description What changed; secrets are left out. */
            detail?: {
                [key: string]: unknown;
            };
            /** @description SHA-256, hex. */
            hash?: string;
            /** @description Full method name: agentflow.api.v1.WorkflowService.CreateWorkflow */
            method?: string;
            /** @description auditEvents/{sequence} */
            name?: string;
            /** @description Canonical gRPC code: "OK", "PERMISSION_DENIED", ... */
            outcome?: string;
            previousHash?: string;
            /** @description users/{id}, apiKeys/{id}, services/{name}, or empty for an unknown caller. */
            principal?: string;
            remoteAddress?: string;
            /** @description Resource name the call was about. */
            resource?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            time?: string;
            traceId?: string;
        };
        BatchStartExecutionsResponse: {
            /** @description In the order of the requests. */
            results?: components["schemas"]["BatchStartResult"][];
        };
        /** @description One of the two. */
        BatchStartResult: {
            error?: components["schemas"]["StartError"];
            execution?: components["schemas"]["Execution"];
        };
        CheckExpressionRequest: {
            /**
             * Format: int32
             * @description Where something is being typed: asks for completions.
             */
            cursor?: number;
            /** @description Where it stands is told by at most one of `document`, `source`, `workflow`, `execution` and `schemas`. A document may hold any number of problems. */
            document?: {
                [key: string]: unknown;
            };
            /** @description executions/{id}: what EvaluateExpression would read there. */
            execution?: string;
            /** @description Without the `=` that marks it in a document. At most 64 KiB. */
            expression: string;
            /** @description Of `cursor` and of every offset, length and column of the answer. */
            offsetUnit?: components["schemas"]["OffsetUnit"];
            /** @description The field of the document: "nodes.pay.with.url", or as JSON Pointer "/nodes/pay/with/url". "nodes.pay" is some expression of that node; empty the end of the execution (`outputs`). */
            place?: string;
            /** @description JSON Schemas of variables by name, for expressions that stand in no document. */
            schemas?: {
                [key: string]: unknown;
            };
            /** @description The document as YAML or JSON text. */
            source?: string;
            /** @description Of `execution`: the step's node and, inside containers, its iteration: "outer.inner#2.5". */
            step?: string;
            /**
             * Format: int32
             * @description Of `workflow`; 0: its draft.
             */
            version?: number;
            /** @description workflows/{id} */
            workflow?: string;
        };
        CheckExpressionResponse: {
            /** @description Set where the request has a cursor. */
            completions?: components["schemas"]["ExpressionCompletions"];
            /** @description In the order of the text. */
            problems?: components["schemas"]["ExpressionProblem"][];
            /** @description JSON Schema of what it gives; empty where nothing is known. */
            schema?: {
                [key: string]: unknown;
            };
            /** @description Whether there are more variables or completions than were listed. */
            truncated?: boolean;
            /** @description What it gives, as CEL names types: "bool", "list(double)", "dyn" where that is not known. Empty unless valid. */
            type?: string;
            /** @description No problem of severity ERROR. */
            valid?: boolean;
            /** @description What may be read at the place. */
            variables?: components["schemas"]["ExpressionVariable"][];
        };
        /** @description A place in the journal of an execution from which it can be forked. */
        Checkpoint: {
            /**
             * Format: int64
             * @description The journal up to this entry is what the fork keeps.
             */
            sequence?: string;
            /** @description Key of the step that had ended; empty: the execution's start. */
            step?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            time?: string;
            /** @description Type of that entry: "ExecutionStarted", "StepCompleted", ... */
            what?: string;
        };
        ClientFrame: {
            ping?: components["schemas"]["Ping"];
            subscribe?: components["schemas"]["Subscribe"];
            unsubscribe?: components["schemas"]["Unsubscribe"];
        };
        CreateApiKeyResponse: {
            apiKey?: components["schemas"]["ApiKey"];
            /**
             * Format: password
             * @description "af_" + 40 characters + a 6-character checksum.
             */
            secret?: string;
        };
        CreateTenantRequest: {
            adminEmail: string;
            /** Format: password */
            adminPassword: string;
            tenant?: components["schemas"]["Tenant"];
            /** @description The slug: [a-z][a-z0-9-]{1,62} */
            tenantId: string;
        };
        CreateUserRequest: {
            /**
             * Format: password
             * @description At least 12 characters.
             */
            password: string;
            user: components["schemas"]["User"];
        };
        Endpoint: {
            /**
             * Format: int32
             * @description Tasks it may hold at once, and holds.
             */
            capacity?: number;
            /** @description Of the SDK: "agentflow-python/0.1.0". */
            client?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            connectTime?: string;
            /** Format: int32 */
            held?: number;
            /** @description Chosen by the worker: host and process. */
            id?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            lastHeartbeatTime?: string;
        };
        EvaluateExpressionRequest: {
            /** @description executions/{id}: reads that execution's inputs, nodes and all else that expressions of its document may read. */
            execution?: string;
            /** @description Without the `=` that marks it in a document. At most 64 KiB. */
            expression: string;
            /** @description Of every offset, length and column of the answer. */
            offsetUnit?: components["schemas"]["OffsetUnit"];
            /** @description JSON Schemas of `variables` by name. A number is an int where it is integral and at most 2^53, unless its schema says `number`. */
            schemas?: {
                [key: string]: unknown;
            };
            /** @description Of `execution`: the step's node and, inside containers, its iteration: "outer.inner#2.5". The variables are those that the step saw when it was scheduled. */
            step?: string;
            /** @description Sample data by the names of variables; either this or `execution`. */
            variables?: {
                [key: string]: unknown;
            };
        };
        EvaluateExpressionResponse: {
            /**
             * Format: int64
             * @description Units of the cost limit that it used.
             */
            cost?: string;
            problems?: components["schemas"]["ExpressionProblem"][];
            /** @description Of the value, as CEL names types: "int", "double", "list", "google.protobuf.Timestamp". */
            type?: string;
            /** @description Unset where a problem is an error. */
            value?: unknown;
        };
        Execution: {
            /** @description As given at its start; a retry keeps it. */
            businessKey?: string;
            /** @description Principal that started it. */
            creator?: string;
            /**
             * Format: date-time
             * @description Unset while the execution is not over.
             * @example 2026-01-31T08:30:00Z
             */
            endTime?: string;
            error?: components["schemas"]["ExecutionError"];
            /** @description Any JSON value. */
            input?: unknown;
            /** @description For finding and grouping. */
            labels?: {
                [key: string]: string;
            };
            mode?: components["schemas"]["Execution.Mode"];
            /** @description executions/{id}; the id is a UUID. */
            name?: string;
            /** @description Set where it was forked or retried from another one. */
            origin?: components["schemas"]["ExecutionOrigin"];
            /** @description Any JSON value. */
            output?: unknown;
            /** @description Set where a step of another execution started it (flow.workflow). */
            parent?: components["schemas"]["ParentStep"];
            /**
             * Format: int32
             * @description 1 (first) to 5 (last); 3 unless given.
             */
            priority?: number;
            /**
             * Format: int32
             * @description How many days it is kept after the day it started on, as its workflow's version or the installation said then: 1, 7, 30, 90 or 400. What lives is not dropped.
             */
            retentionDays?: number;
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-01-31T08:30:00Z
             */
            startTime?: string;
            state?: components["schemas"]["Execution.State"];
            /** @description W3C trace id, hex. */
            traceId?: string;
            /** Format: int32 */
            version?: number;
            /** @description workflows/{id} */
            workflow?: string;
        };
        /** @enum {string} */
        "Execution.Mode": "LIVE" | "TEST" | "DRY_RUN";
        /**
         * @description - `WAITING`: Nothing to do until a timer, a signal or a person.
         * @enum {string}
         */
        "Execution.State": "QUEUED" | "RUNNING" | "WAITING" | "PAUSED" | "COMPENSATING" | "COMPLETED" | "FAILED" | "CANCELED" | "TIMED_OUT";
        ExecutionError: {
            message?: string;
            /** @description Path of the node that failed; empty for the execution itself. */
            node?: string;
            /** @description UPPER_SNAKE. */
            reason?: string;
        };
        /** @description One entry of the journal. */
        ExecutionEvent: {
            /** Format: int32 */
            attempt?: number;
            /** @description The rest, by type. */
            detail?: {
                [key: string]: unknown;
            };
            iteration?: string;
            node?: string;
            /** @description Who caused it, where somebody did. */
            principal?: string;
            /**
             * Format: int64
             * @description From 1, without gaps.
             */
            sequence?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            time?: string;
            /** @description PascalCase: "ExecutionStarted", "StepCompleted", ... */
            type?: string;
        };
        /** @description Where the beginning of an execution came from. */
        ExecutionOrigin: {
            /** @description executions/{id} */
            execution?: string;
            kind?: components["schemas"]["ExecutionOrigin.Kind"];
            /**
             * Format: int64
             * @description The last entry of that execution's journal that counts here.
             */
            sequence?: string;
        };
        /** @enum {string} */
        "ExecutionOrigin.Kind": "FORK" | "RETRY";
        /** @enum {string} */
        "ExportWorkflowRequest.Format": "YAML" | "JSON";
        ExportWorkflowResponse: {
            source?: string;
        };
        /** @description One of the things that may be written. */
        ExpressionCompletion: {
            /** @description A type or a signature: "string.startsWith(string) -> bool". */
            detail?: string;
            documentation?: string;
            /** @description "startsWith(" */
            insert?: string;
            kind?: components["schemas"]["ExpressionCompletion.Kind"];
            /** @description "startsWith" */
            label?: string;
        };
        /** @enum {string} */
        "ExpressionCompletion.Kind": "VARIABLE" | "FIELD" | "FUNCTION" | "MACRO" | "VALUE";
        /** @description What may be written at the cursor. */
        ExpressionCompletions: {
            /** @description Best first. */
            items?: components["schemas"]["ExpressionCompletion"][];
            /** Format: int32 */
            length?: number;
            /**
             * Format: int32
             * @description What an item's `insert` replaces.
             */
            offset?: number;
        };
        /** @description One thing wrong with an expression. */
        ExpressionProblem: {
            /** Format: int32 */
            column?: number;
            /** Format: int32 */
            length?: number;
            /**
             * Format: int32
             * @description From 1.
             */
            line?: number;
            /** @description What is wrong and what to do about it. */
            message?: string;
            /**
             * Format: int32
             * @description From 0. The part of the text that is wrong; length 0 where something is missing there, or where the expression as a whole is meant.
             */
            offset?: number;
            /** @description UPPER_SNAKE: EXPRESSION_INVALID, VARIABLE_UNKNOWN, REFERENCE_MAY_BE_MISSING, ...; when evaluated EXPRESSION_FAILED, EXPRESSION_LIMIT, EXPRESSION_RESULT. */
            reason?: string;
            /** @description With WARNING it can be evaluated. */
            severity?: components["schemas"]["Problem.Severity"];
            /** @description What to write in place of offset and length; empty where unknown. */
            suggestion?: string;
        };
        /** @description Something that an expression may read. */
        ExpressionVariable: {
            description?: string;
            /** @description It may be missing when the place is reached: write `nodes.?classify.output`. */
            mayBeMissing?: boolean;
            /** @description "nodes.classify.output" */
            name?: string;
            type?: string;
        };
        Failed: {
            id?: string;
            message?: string;
            /** @description UPPER_SNAKE */
            reason?: string;
        };
        ImportWorkflowRequest: {
            /** @description Replace an existing draft of that id; otherwise ALREADY_EXISTS. */
            replace?: boolean;
            source: string;
            /** @description Overrides metadata.name. */
            workflowId?: string;
        };
        ImportWorkflowResponse: {
            /** @description What needs attention, or could not be kept. */
            problems?: components["schemas"]["Problem"][];
            workflow?: components["schemas"]["Workflow"];
        };
        ListAgentsResponse: {
            agents?: components["schemas"]["Agent"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListApiKeysResponse: {
            apiKeys?: components["schemas"]["ApiKey"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListApprovalsResponse: {
            approvals?: components["schemas"]["Approval"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListAuditEventsResponse: {
            auditEvents?: components["schemas"]["AuditEvent"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListCheckpointsResponse: {
            checkpoints?: components["schemas"]["Checkpoint"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListEventsResponse: {
            events?: components["schemas"]["ExecutionEvent"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListExecutionsResponse: {
            executions?: components["schemas"]["Execution"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListMigrationsResponse: {
            migrations?: components["schemas"]["Migration"][];
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
        };
        ListNodeTypesResponse: {
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            nodeTypes?: components["schemas"]["NodeType"][];
        };
        ListSchedulesResponse: {
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            schedules?: components["schemas"]["Schedule"][];
        };
        ListStepsResponse: {
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            steps?: components["schemas"]["Step"][];
        };
        ListTenantsResponse: {
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            tenants?: components["schemas"]["Tenant"][];
        };
        ListUsersResponse: {
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            users?: components["schemas"]["User"][];
        };
        ListWorkflowsResponse: {
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            workflows?: components["schemas"]["Workflow"][];
        };
        ListWorkflowStatsResponse: {
            /**
             * @description How far behind the executor's feed the figures are.
             * @example 1.5s
             */
            lag?: string;
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            workflowStats?: components["schemas"]["WorkflowStats"][];
        };
        ListWorkflowVersionsResponse: {
            /** @description For the next page; empty on the last one. */
            nextPageToken?: string;
            versions?: components["schemas"]["WorkflowVersion"][];
        };
        LoginRequest: {
            email: string;
            /** Format: password */
            password: string;
            /** @description Slug of the tenant. May be left out where the address belongs to one tenant only. */
            tenant?: string;
        };
        LogoutRequest: {
            /** Format: password */
            refreshToken: string;
        };
        Migration: {
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            readonly createTime?: string;
            /** @description Principal that began it. */
            readonly creator?: string;
            /**
             * Format: date-time
             * @description When it ended; unset while it has not.
             * @example 2026-01-31T08:30:00Z
             */
            readonly endTime?: string;
            /** Format: int32 */
            fromVersion: number;
            /** @description From paths of nodes in the old version to paths in the new one: "pay" -> "billing.pay". Nodes that are not named keep their path. */
            mapping?: {
                [key: string]: string;
            };
            /**
             * Format: int64
             * @description Executions moved; with validate_only those that can be.
             */
            readonly migratedCount?: string;
            /** @description workflows/{id}/migrations/{id} */
            name?: string;
            /**
             * Format: int64
             * @description Executions not looked at yet.
             */
            readonly pendingCount?: string;
            /** @description Most frequent first. */
            readonly refusals?: components["schemas"]["MigrationRefusal"][];
            /** Format: int64 */
            readonly refusedCount?: string;
            readonly state?: components["schemas"]["Migration.State"];
            /** Format: int32 */
            toVersion: number;
            /** @description Say what would become of each execution, and change none. */
            validateOnly?: boolean;
        };
        /** @enum {string} */
        "Migration.State": "RUNNING" | "DONE";
        /** @description Executions that were refused for one reason. */
        MigrationRefusal: {
            /** @description Up to 10 of them: executions/{id}. */
            examples?: string[];
            /** Format: int64 */
            executionCount?: string;
            /** @description Of the first example. */
            message?: string;
            /** @description UPPER_SNAKE: MIGRATION_LOSES_STEP, ... */
            reason?: string;
        };
        NodeType: {
            /** @description Group of the palette: "flow", "data", "ai", "action", "trigger". */
            category?: string;
            /** @description JSON Schema (2020-12) of `with`. Fields marked "x-expression": true are always expressions. */
            configSchema?: {
                [key: string]: unknown;
            };
            /** @description Holds child nodes and edges. */
            container?: boolean;
            dynamicPorts?: boolean;
            /** @description An example node as YAML. */
            example?: string;
            inputs?: components["schemas"]["Port"][];
            /** @description nodeTypes/{type}, for example nodeTypes/flow.if@1 */
            name?: string;
            /** @description Fixed out-ports. With `dynamic_ports` the configuration adds more (flow.switch: its cases). */
            outputs?: components["schemas"]["Port"][];
            /** @description JSON Schema of the output. */
            outputSchema?: {
                [key: string]: unknown;
            };
            /** @description One sentence: when to use it. */
            summary?: string;
            /** @description For people. */
            title?: string;
            /** @description As written in documents: "flow.if@1". */
            type?: string;
        };
        /**
         * @description What offsets, lengths and columns of an expression's text count.
         *
         *     - `OFFSET_UNIT_UNSPECIFIED`: As UTF8_BYTES.
         *     - `UTF16_UNITS`: As JavaScript and Java count.
         *     - `CODE_POINTS`: As Python counts.
         * @enum {string}
         */
        OffsetUnit: "UTF8_BYTES" | "UTF16_UNITS" | "CODE_POINTS";
        /** @description A step that started an execution. */
        ParentStep: {
            /** @description executions/{id} */
            execution?: string;
            /** @description Key of the step: "pay", "outer.inner#2.5". */
            step?: string;
        };
        Payload: {
            /** @description Its media type, at most 127 characters. Empty: application/octet-stream. */
            contentType?: string;
            /**
             * Format: date-time
             * @description Of its first upload.
             * @example 2026-01-31T08:30:00Z
             */
            readonly createTime?: string;
            /** @description Principal that uploaded it first. */
            readonly creator?: string;
            /** @description The content. Unset in the answer to an upload. */
            data?: string;
            /** @description payloads/{id}; the id is 64 hex digits. */
            readonly name?: string;
            /** Format: int64 */
            readonly sizeBytes?: string;
        };
        Ping: Record<string, never>;
        Pong: Record<string, never>;
        Port: {
            id?: string;
            /** @description For people. */
            title?: string;
        };
        /** @description One thing wrong with a document. */
        Problem: {
            /** Format: int32 */
            column?: number;
            /** @description JSON Pointer (RFC 6901) into the document: "/nodes/pay/with/url". */
            field?: string;
            /**
             * Format: int32
             * @description Position in `source`, from 1; 0 where unknown.
             */
            line?: number;
            /** @description What is wrong and what to do about it. */
            message?: string;
            /** @description Id of the node, with containers: "outer.inner". Empty: the document itself. */
            node?: string;
            /** @description UPPER_SNAKE: NODE_UNREACHABLE, EDGE_DANGLING, EXPRESSION_INVALID, ... */
            reason?: string;
            severity?: components["schemas"]["Problem.Severity"];
        };
        /**
         * @description - `ERROR`: Publishing is refused.
         * @enum {string}
         */
        "Problem.Severity": "ERROR" | "WARNING";
        /** @description What went wrong (RFC 9457). Programs match on `reason`. */
        ProblemDetails: {
            /** @description What happened and what to do about it. */
            detail: string;
            /** @description Path of the field at fault, where there is one. */
            field?: string;
            /** @description Path of the request. */
            instance?: string;
            /** @description UPPER_SNAKE, stable. */
            reason: string;
            /** @description Name it when asking for help. */
            requestId: string;
            /** @description When trying again makes sense. */
            retryAfterMs?: string;
            /** @description The HTTP status. */
            status: number;
            /** @description The canonical code: "INVALID_ARGUMENT". */
            title: string;
            /** @description URI of the reason's help page. */
            type: string;
        } & {
            [key: string]: unknown;
        };
        /** @description What one tenant may use. 0 means the platform's default. */
        Quotas: {
            /**
             * Format: int32
             * @description Executions that are not yet over.
             */
            liveExecutions?: number;
            /**
             * Format: int32
             * @description Executions that are QUEUED. Further starts are refused: RESOURCE_EXHAUSTED, QUOTA_EXCEEDED.
             */
            queuedExecutions?: number;
            /** Format: int32 */
            requestBurst?: number;
            /**
             * Format: int32
             * @description API cost units per second, and how many may be saved up.
             */
            requestsPerSecond?: number;
            /**
             * Format: int32
             * @description Executions that have begun and are not over. Further ones are QUEUED until one of them ends.
             */
            runningExecutions?: number;
            /**
             * Format: int32
             * @description Execution starts per second.
             */
            startsPerSecond?: number;
            /**
             * Format: int32
             * @description Share of what all tenants use together (the platform's own workers, the executors), against the weights of the others that want it at the same time.
             */
            weight?: number;
            /**
             * Format: int32
             * @description Drafts and published workflows.
             */
            workflows?: number;
        };
        RefreshRequest: {
            /** Format: password */
            refreshToken: string;
        };
        ReplayDivergence: {
            /** @description The recorded decision; empty: there is none any more. */
            expected?: string;
            /** @description The one that was made; empty: none. */
            found?: string;
            /** @description Path of its node. */
            node?: string;
            /**
             * Format: int64
             * @description Number of the recorded decision in the journal; 0: the journal had ended.
             */
            sequence?: string;
            /** @description Key of the step that was decided about; empty: the execution itself. */
            step?: string;
        };
        ReplayExecutionResponse: {
            /** @description The first decision that was another one; unset where all are the same. */
            divergence?: components["schemas"]["ReplayDivergence"];
            error?: components["schemas"]["ExecutionError"];
            /** @description Keys of steps that wait for what is not recorded; at most 1000. */
            notRecorded?: string[];
            /** @description What is recorded and nothing asked for, "StepCompleted of pay"; at most 1000. */
            notUsed?: string[];
            /** @description Any JSON value. */
            output?: unknown;
            /** @description Whether every decision was the recorded one. */
            same?: boolean;
            /**
             * Format: int32
             * @description How many recorded decisions were the same, up to the first that was not.
             */
            sameDecisions?: number;
            /** @description Where the replay ended: with what is recorded, every step goes as far as it can. */
            state?: components["schemas"]["Execution.State"];
            /**
             * Format: int32
             * @description The version that was replayed.
             */
            version?: number;
        };
        Reset: {
            id?: string;
            position?: string;
        };
        Schedule: {
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            readonly createTime?: string;
            /** @description Five fields: minute hour day-of-month month day-of-week, with lists, ranges, steps and names (MON, JAN). Where both days are restricted, either matches. */
            cron?: string;
            /** @description Changes with every change; send it back to be refused if somebody was faster. */
            etag?: string;
            /** @description Any JSON value. */
            input?: unknown;
            /** @description Of the last fire, when it could not start. */
            readonly lastError?: string;
            /** @description executions/{id} of the last fire. */
            readonly lastExecution?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            readonly lastFireTime?: string;
            /** @description schedules/{id}; the id is a slug: [a-z][a-z0-9-]{0,62} */
            name?: string;
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            readonly nextFireTime?: string;
            paused?: boolean;
            /** @description IANA name; empty: UTC. A nominal time that a clock change skips fires at the first instant after the gap; one that it repeats fires once, at the first. */
            timeZone?: string;
            /** @description For people. */
            title?: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             * @example 2026-01-31T08:30:00Z
             */
            readonly updateTime?: string;
            /** @description workflows/{id} */
            workflow?: string;
        };
        ServerFrame: {
            event?: components["schemas"]["StreamEvent"];
            failed?: components["schemas"]["Failed"];
            pong?: components["schemas"]["Pong"];
            reset?: components["schemas"]["Reset"];
            subscribed?: components["schemas"]["Subscribed"];
        };
        StartError: {
            /** @description Canonical gRPC code: "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", ... */
            code?: string;
            /** @description Of the request; empty: none in particular. */
            field?: string;
            message?: string;
            /** @description UPPER_SNAKE. */
            reason?: string;
        };
        StartExecutionRequest: {
            /** @description What the execution is about, "order 17": at most one execution of the workflow that is not over has it. 1 to 255 bytes of text without control characters. */
            businessKey?: string;
            /** @description Must match the workflow's `inputs` schema. */
            input?: unknown;
            /** @description At most 32, keys to 63 and values to 255 characters. */
            labels?: {
                [key: string]: string;
            };
            /** @description LIVE unless given. */
            mode?: components["schemas"]["Execution.Mode"];
            /** Format: int32 */
            priority?: number;
            /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
            requestId?: string;
            /** @description Where the business key is in use: answer with the execution that has it. Nothing is kept of such a start, so that its request_id may still begin an execution later. */
            useExisting?: boolean;
            /**
             * Format: int32
             * @description 0: the newest.
             */
            version?: number;
            workflow: string;
        };
        /** @description One activation of a node. */
        Step: {
            /**
             * Format: int32
             * @description From 1; 0 before the first.
             */
            attempt?: number;
            /** @description executions/{id} that a flow.workflow step started, for its last attempt. Kept after its end, but not where the execution was moved to another version since. */
            child?: string;
            /**
             * Format: date-time
             * @description When it ended; unset while it has not.
             * @example 2026-01-31T08:30:00Z
             */
            endTime?: string;
            error?: components["schemas"]["ExecutionError"];
            /** @description Why earlier attempts failed, oldest first. */
            failures?: components["schemas"]["AttemptFailure"][];
            /** @description Any JSON value. */
            input?: unknown;
            /** @description Iteration path of the containers around it: "0", "2.5"; empty outside containers. */
            iteration?: string;
            /** @description executions/{id}/steps/{node}[.{iteration}] */
            name?: string;
            /** @description Id of the node, with containers: "outer.inner". */
            node?: string;
            /** @description Any JSON value. */
            output?: unknown;
            /**
             * Format: date-time
             * @description When it began.
             * @example 2026-01-31T08:30:00Z
             */
            startTime?: string;
            state?: components["schemas"]["Step.State"];
            /** @description Type as in the document: "ai.agent@1". */
            type?: string;
            /** @description What a WAITING step waits for. */
            wait?: components["schemas"]["StepWait"];
        };
        /**
         * @description - `READY`: Offered to workers, or waiting for its retry time.
         * @enum {string}
         */
        "Step.State": "PENDING" | "READY" | "RUNNING" | "WAITING" | "COMPLETED" | "FAILED" | "SKIPPED" | "CANCELED" | "COMPENSATED";
        /** @description What becomes of a step that is held after an error. */
        StepDecision: {
            action: components["schemas"]["StepDecision.Action"];
            /** @description Any JSON value. */
            output?: unknown;
            /** @description COMPLETE: the out-port it leaves by; empty: the node's first. */
            port?: string;
        };
        /**
         * @description - `RETRY`: All its attempts anew.
         *     - `FAIL`: The error stands.
         *     - `COMPLETE`: As if it had completed with `output`.
         * @enum {string}
         */
        "StepDecision.Action": "RETRY" | "FAIL" | "COMPLETE";
        StepWait: {
            /** @description approvals/{id} */
            approval?: string;
            key?: string;
            kind?: components["schemas"]["StepWait.Kind"];
            /** @description Name of the signal. */
            signal?: string;
            /**
             * Format: date-time
             * @description When the wait ends by itself; unset: it does not.
             * @example 2026-01-31T08:30:00Z
             */
            untilTime?: string;
        };
        /**
         * @description - `CHILD`: The end of the step's `child`.
         *     - `KEY`: A place under a key that others hold.
         *     - `CONDITION`: A condition over what other steps give.
         *     - `DECISION`: :resume, which says what becomes of the step after its error.
         * @enum {string}
         */
        "StepWait.Kind": "TIMER" | "SIGNAL" | "APPROVAL" | "CHILD" | "KEY" | "CONDITION" | "DECISION";
        StreamEvent: {
            /** @description Without `input`; with `output` once over. */
            execution?: components["schemas"]["Execution"];
            id?: string;
            position?: string;
            /** @description Without `input` and `output`: read the step for them. `name` holds the execution. */
            step?: components["schemas"]["Step"];
        };
        Subscribe: {
            /** @description Unique in the connection, at most 64 characters. */
            id?: string;
            /** @description Of the last event seen; empty: from now on. */
            position?: string;
            /** @description "executions/{id}": one execution with its steps. "executions": every execution of the tenant, without steps. */
            topic?: string;
        };
        Subscribed: {
            id?: string;
            /** @description Everything after it will be sent. */
            position?: string;
        };
        Tenant: {
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            readonly createTime?: string;
            /** @description Changes with every change; send it back to be refused if somebody was faster. */
            etag?: string;
            /** @description tenants/{slug} */
            name?: string;
            quotas?: components["schemas"]["Quotas"];
            state?: components["schemas"]["Tenant.State"];
            /** @description For people. */
            title?: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             * @example 2026-01-31T08:30:00Z
             */
            readonly updateTime?: string;
        };
        /**
         * @description - `SUSPENDED`: Its credentials are refused; its data stays.
         *     - `DELETING`: Deleted: its credentials are refused, its data is being erased.
         * @enum {string}
         */
        "Tenant.State": "ACTIVE" | "SUSPENDED" | "DELETING";
        TokenPair: {
            /**
             * Format: password
             * @description Bearer token for the Authorization header.
             */
            accessToken?: string;
            /**
             * Format: date-time
             * @description When the access token ends.
             * @example 2026-01-31T08:30:00Z
             */
            expireTime?: string;
            /**
             * Format: password
             * @description Single-use token for :refresh.
             */
            refreshToken?: string;
        };
        Unsubscribe: {
            id?: string;
        };
        User: {
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            readonly createTime?: string;
            disabled?: boolean;
            displayName?: string;
            email?: string;
            /** @description Changes with every change; send it back to be refused if somebody was faster. */
            etag?: string;
            /** @description users/{id} */
            name?: string;
            /** @description Names of roles: "admin", "editor", "operator", "viewer", "worker". */
            roles?: string[];
            /**
             * Format: date-time
             * @description When it was last changed.
             * @example 2026-01-31T08:30:00Z
             */
            readonly updateTime?: string;
        };
        ValidateWorkflowRequest: {
            /** @description One of `document`, `source` and `name` (a stored draft). */
            document?: {
                [key: string]: unknown;
            };
            /** @description Resource name. */
            name?: string;
            source?: string;
        };
        ValidateWorkflowResponse: {
            /** @description Set when valid. */
            contentHash?: string;
            problems?: components["schemas"]["Problem"][];
            /** @description No problem of severity ERROR. */
            valid?: boolean;
        };
        WhoAmIResponse: {
            displayName?: string;
            email?: string;
            /** @description Every permission held, sorted; "*" is all of them. */
            permissions?: string[];
            /** @description Resource name of the principal: users/{id}, serviceAccounts/{id}. */
            principal?: string;
            roles?: string[];
            /** @description Slug of the tenant. */
            tenant?: string;
        };
        Workflow: {
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            readonly createTime?: string;
            /** @description The draft, in the form of the workflow document (agentflow/v1). */
            document?: {
                [key: string]: unknown;
            };
            /** @description Whether the draft differs from the newest version. */
            readonly draftChanged?: boolean;
            /** @description Changes with every change; send it back to be refused if somebody was faster. */
            etag?: string;
            /** @description For finding and grouping. */
            labels?: {
                [key: string]: string;
            };
            /**
             * Format: int32
             * @description Number of the newest published version; 0: none yet.
             */
            readonly latestVersion?: number;
            /** @description workflows/{id}; the id is a slug: [a-z][a-z0-9-]{0,62} */
            name?: string;
            /** @description The draft as YAML or JSON text; accepted in place of `document` and answered in FULL views. */
            source?: string;
            /** @description For people. */
            title?: string;
            /**
             * Format: date-time
             * @description When it was last changed.
             * @example 2026-01-31T08:30:00Z
             */
            readonly updateTime?: string;
        };
        WorkflowStats: {
            /**
             * @description Start to end of the executions that are over, from a histogram with 5 % wide buckets.
             * @example 1.5s
             */
            durationMean?: string;
            /** @example 1.5s */
            durationP50?: string;
            /** @example 1.5s */
            durationP95?: string;
            /** @example 1.5s */
            durationP99?: string;
            /** @description Executions and steps now in each state, by the state's name. */
            executionsByState?: {
                [key: string]: string;
            };
            /**
             * Format: date-time
             * @example 2026-01-31T08:30:00Z
             */
            lastStartTime?: string;
            stepsByState?: {
                [key: string]: string;
            };
            /** @description workflows/{id} */
            workflow?: string;
        };
        WorkflowVersion: {
            comment?: string;
            /** @description SHA-256 of the canonical document without titles and `ui`: "sha256:<hex>". */
            contentHash?: string;
            /**
             * Format: date-time
             * @description When it was created.
             * @example 2026-01-31T08:30:00Z
             */
            createTime?: string;
            /** @description Principal that published it. */
            creator?: string;
            document?: {
                [key: string]: unknown;
            };
            /** @description workflows/{id}/versions/{number} */
            name?: string;
            /** Format: int32 */
            version?: number;
        };
        /**
         * @description - `WORKFLOW_VIEW_UNSPECIFIED`: BASIC in lists, FULL elsewhere.
         * @enum {string}
         */
        WorkflowView: "BASIC" | "FULL";
    };
    responses: {
        /** @description Anything but success: problem details (RFC 9457). */
        Error: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["ProblemDetails"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listAgents: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAgentsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getAgent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is agents/*. */
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agent"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    deleteAgent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is agents/*. */
                agent: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listApiKeys: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListApiKeysResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApiKey"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreateApiKeyResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is apiKeys/*. */
                apiKey: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is apiKeys/*. */
                apiKey: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listApprovals: {
        parameters: {
            query?: {
                /** @description Terms joined by AND: `state = "OPEN"`, `assignee = "me"`, `workflow = "workflows/a"`, `execution = "executions/..."`. */
                filter?: string;
                /** @description At most 1000; 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListApprovalsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getApproval: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is approvals/*. */
                approval: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Approval"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    approve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is approvals/*. */
                approval: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Kept with the approval and in the journal. At most 10000 characters. */
                    comment?: string;
                    /** @description Must match the approval's `form`. */
                    values?: unknown;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Approval"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    reject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is approvals/*. */
                approval: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Kept with the approval and in the journal. At most 10000 characters. */
                    comment?: string;
                    /** @description Must match the approval's `form`. */
                    values?: unknown;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Approval"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listAuditEvents: {
        parameters: {
            query?: {
                /** @description Terms joined by AND over principal, method, resource and outcome with "=", and over time with "<" and ">": `principal="users/1" AND time > "2026-01-01T00:00:00Z"`. */
                filter?: string;
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAuditEventsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenPair"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogoutRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Error"];
        };
    };
    whoAmI: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhoAmIResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenPair"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listExecutions: {
        parameters: {
            query?: {
                /** @description Terms joined by AND: `state = "FAILED"`, `workflow = "workflows/a"`, `labels.team = "x"`, `business_key = "order 17"`, `start_time > "2026-01-01T00:00:00Z"`. */
                filter?: string;
                /** @description "start_time desc" (default) or "start_time". */
                orderBy?: string;
                /** @description At most 1000; 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListExecutionsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    cancelExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Kept in the journal. At most 1000 characters. */
                    cause?: string;
                    /** @description Run the compensations of completed steps, the last one first, before it ends. */
                    compensate?: boolean;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    forkExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description A checkpoint's `sequence`. One of `checkpoint` and `step`.
                     */
                    checkpoint?: string;
                    /** @description In place of the execution's input. Must match the workflow's `inputs` schema. */
                    input?: unknown;
                    /** @description By key of a step that had completed: in place of its output. */
                    outputs?: {
                        [key: string]: unknown;
                    };
                    /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
                    requestId?: string;
                    /** @description Key of a step, "pay" or "outer.inner#2.5": the fork begins with it. */
                    step?: string;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    pauseExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Kept in the journal. At most 1000 characters. */
                    cause?: string;
                    /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
                    requestId?: string;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    replayExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int32
                     * @description Of the execution's workflow; 0: the one that it runs.
                     */
                    version?: number;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayExecutionResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    resumeExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description By key of a held step: "pay", "outer.inner#2.5". Held steps that are not named begin anew. */
                    decisions?: {
                        [key: string]: components["schemas"]["StepDecision"];
                    };
                    /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
                    requestId?: string;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    retryExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
                    requestId?: string;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    signalExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description At most 256 KiB. */
                    payload?: unknown;
                    /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
                    requestId?: string;
                    /** @description As in the step's `with.name`: 1 to 128 characters. */
                    signal: string;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listCheckpoints: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListCheckpointsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListEventsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listSteps: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is executions/*. */
                execution: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListStepsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    checkExpression: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckExpressionRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckExpressionResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    evaluateExpression: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EvaluateExpressionRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EvaluateExpressionResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listNodeTypes: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListNodeTypesResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getNodeType: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is nodeTypes/*. */
                nodeType: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeType"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    createPayload: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Payload"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payload"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getPayload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is payloads/*. */
                payload: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Payload"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listSchedules: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListSchedulesResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    createSchedule: {
        parameters: {
            query?: {
                /** @description Else the id in schedule.name. */
                scheduleId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Schedule"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is schedules/*. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    deleteSchedule: {
        parameters: {
            query?: {
                /** @description Changes with every change; send it back to be refused if somebody was faster. */
                etag?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is schedules/*. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Error"];
        };
    };
    updateSchedule: {
        parameters: {
            query?: {
                /** @description Fields to change; unset: those present. */
                updateMask?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is schedules/*. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Schedule"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    stream: {
        parameters: {
            query?: {
                /** @description Without WebSocket: of the last event seen. */
                position?: string;
                /** @description Without WebSocket: what to subscribe to. */
                topic?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The WebSocket is open. */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Server-sent events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["ServerFrame"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listTenants: {
        parameters: {
            query?: {
                /** @description At most 1000; 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListTenantsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    createTenant: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTenantRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getTenant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is tenants/*. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    deleteTenant: {
        parameters: {
            query?: {
                /** @description Only where this is its etag now; empty: whatever it is. */
                etag?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is tenants/*. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    updateTenant: {
        parameters: {
            query?: {
                /** @description Fields to change; unset: those present. */
                updateMask?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is tenants/*. */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Tenant"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tenant"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListUsersResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    createUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUserRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is users/*. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    deleteUser: {
        parameters: {
            query?: {
                /** @description Changes with every change; send it back to be refused if somebody was faster. */
                etag?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is users/*. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Error"];
        };
    };
    updateUser: {
        parameters: {
            query?: {
                /** @description Fields to change; unset: those present. */
                updateMask?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is users/*. */
                user: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["User"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listWorkflows: {
        parameters: {
            query?: {
                /** @description Terms joined by AND: `labels.team = "support"`, `title : "refund"` (contains). */
                filter?: string;
                /** @description "name" (default), "title", "update_time desc", ... */
                orderBy?: string;
                /** @description At most 1000; 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
                view?: components["schemas"]["WorkflowView"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListWorkflowsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    createWorkflow: {
        parameters: {
            query?: {
                /** @description The same id gives the same answer again, for a day. */
                requestId?: string;
                workflowId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Workflow"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    importWorkflow: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportWorkflowResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    validateWorkflow: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ValidateWorkflowRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValidateWorkflowResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getWorkflow: {
        parameters: {
            query?: {
                view?: components["schemas"]["WorkflowView"];
            };
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    deleteWorkflow: {
        parameters: {
            query?: {
                /** @description When set, must be the draft's current etag. */
                etag?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Error"];
        };
    };
    updateWorkflow: {
        parameters: {
            query?: {
                /** @description Fields to change: title, document, source, labels. Unset: those present in `workflow`. */
                updateMask?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Workflow"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Workflow"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    batchStartExecutions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description 1 to 1000. `workflow` in each is empty, or the one above. */
                    requests: components["schemas"]["StartExecutionRequest"][];
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchStartExecutionsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    exportWorkflow: {
        parameters: {
            query?: {
                /** @description Unspecified: YAML. */
                format?: components["schemas"]["ExportWorkflowRequest.Format"];
                /** @description 0: the draft. */
                version?: number;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportWorkflowResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    publishWorkflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    comment?: string;
                    /** @description When set, must be the draft's current etag. */
                    etag?: string;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowVersion"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    startExecution: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description What the execution is about, "order 17": at most one execution of the workflow that is not over has it. 1 to 255 bytes of text without control characters. */
                    businessKey?: string;
                    /** @description Must match the workflow's `inputs` schema. */
                    input?: unknown;
                    /** @description At most 32, keys to 63 and values to 255 characters. */
                    labels?: {
                        [key: string]: string;
                    };
                    /** @description LIVE unless given. */
                    mode?: components["schemas"]["Execution.Mode"];
                    /** Format: int32 */
                    priority?: number;
                    /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
                    requestId?: string;
                    /** @description Where the business key is in use: answer with the execution that has it. Nothing is kept of such a start, so that its request_id may still begin an execution later. */
                    useExisting?: boolean;
                    /**
                     * Format: int32
                     * @description 0: the newest.
                     */
                    version?: number;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Execution"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listMigrations: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListMigrationsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    createMigration: {
        parameters: {
            query?: {
                /** @description 1 to 128 characters [A-Za-z0-9._:-]. */
                requestId?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Migration"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getMigration: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*\/migrations/*. */
                migration: string;
                /** @description Id; the resource name is workflows/*\/migrations/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Migration"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listWorkflowVersions: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
            };
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListWorkflowVersionsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    getWorkflowVersion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id; the resource name is workflows/*\/versions/*. */
                version: string;
                /** @description Id; the resource name is workflows/*\/versions/*. */
                workflow: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkflowVersion"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
    listWorkflowStats: {
        parameters: {
            query?: {
                /** @description How many at most; at most 1000, 0 means 50. */
                pageSize?: number;
                /** @description nextPageToken of the page before, with all other parameters unchanged. */
                pageToken?: string;
                /** @description workflows/{id}: only this one. */
                workflow?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListWorkflowStatsResponse"];
                };
            };
            default: components["responses"]["Error"];
        };
    };
}
