CREATE TABLE "checkpoints" (
	"training" text NOT NULL,
	"kind" text NOT NULL,
	"blob_key" text NOT NULL,
	"info" json NOT NULL,
	"attempt" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "checkpoints_training_kind_pk" PRIMARY KEY("training","kind")
);
--> statement-breakpoint
CREATE TABLE "counters" (
	"name" text PRIMARY KEY NOT NULL,
	"value" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "datasets" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text,
	"format" text NOT NULL,
	"row_count" integer NOT NULL,
	"columns" json NOT NULL,
	"warnings" json NOT NULL,
	"settings" json NOT NULL,
	"blob_key" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"route" text NOT NULL,
	"key" text NOT NULL,
	"body_hash" text NOT NULL,
	"answer" json,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_route_key_pk" PRIMARY KEY("route","key")
);
--> statement-breakpoint
CREATE TABLE "models" (
	"name" text PRIMARY KEY NOT NULL,
	"definition" json NOT NULL,
	"total_parameters" bigint,
	"trainable_parameters" bigint,
	"summary" json,
	"last_version" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "training_events" (
	"training" text NOT NULL,
	"seq" integer NOT NULL,
	"type" text NOT NULL,
	"epoch" integer,
	"data" json NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "training_events_training_seq_pk" PRIMARY KEY("training","seq")
);
--> statement-breakpoint
CREATE TABLE "trainings" (
	"id" text PRIMARY KEY NOT NULL,
	"model" text NOT NULL,
	"dataset" text NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"epoch" integer DEFAULT 0 NOT NULL,
	"epochs" integer NOT NULL,
	"request" json NOT NULL,
	"metrics" json DEFAULT '{}'::json NOT NULL,
	"version" integer,
	"error" json,
	"stopped" json,
	"engine" text NOT NULL,
	"device" text,
	"warnings" json DEFAULT '[]'::json NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"steps" bigint DEFAULT 0 NOT NULL,
	"cancel_requested" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"queued_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "trainings_status" CHECK ("trainings"."status" in ('queued', 'running', 'succeeded', 'failed', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE "versions" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"training" text,
	"source" text NOT NULL,
	"blob_key" text NOT NULL,
	"signature" json NOT NULL,
	"metrics" json DEFAULT '{}'::json NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "versions_model_version_pk" PRIMARY KEY("model","version")
);
--> statement-breakpoint
ALTER TABLE "checkpoints" ADD CONSTRAINT "checkpoints_training_trainings_id_fk" FOREIGN KEY ("training") REFERENCES "public"."trainings"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "training_events" ADD CONSTRAINT "training_events_training_trainings_id_fk" FOREIGN KEY ("training") REFERENCES "public"."trainings"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trainings" ADD CONSTRAINT "trainings_model_models_name_fk" FOREIGN KEY ("model") REFERENCES "public"."models"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "versions" ADD CONSTRAINT "versions_model_models_name_fk" FOREIGN KEY ("model") REFERENCES "public"."models"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "training_events_each_epoch_once" ON "training_events" USING btree ("training","epoch");--> statement-breakpoint
CREATE INDEX "trainings_by_model" ON "trainings" USING btree ("model");--> statement-breakpoint
CREATE INDEX "trainings_by_dataset" ON "trainings" USING btree ("dataset");--> statement-breakpoint
CREATE INDEX "trainings_by_status" ON "trainings" USING btree ("status");