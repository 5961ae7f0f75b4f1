-- Alerts: what a person should do about each, and who has been told of it.

ALTER TABLE sp_alerts
  ADD COLUMN severity text CHECK (severity IN ('note', 'warning', 'fault')),  -- NULL: no rule has seen it yet
  ADD COLUMN grade integer NOT NULL DEFAULT 1,  -- how grave it is now; told again when it exceeds what was told
  ADD COLUMN why text,
  ADD COLUMN done text,                      -- what was done about it
  ADD COLUMN todo text,                      -- what a person is to do
  ADD COLUMN cause text,                     -- rule/subject of the alert that explains this one, and is told instead
  ADD COLUMN found_at timestamptz;           -- when a rule saw it last
COMMENT ON COLUMN sp_alerts.message IS 'What is.';

-- A muted alert is kept and shown, and nobody is told of it.
CREATE TABLE sp_alert_mutes (
  rule text NOT NULL,
  subject text NOT NULL DEFAULT '',          -- empty: every subject of the rule
  until timestamptz NOT NULL,
  PRIMARY KEY (rule, subject)
);

-- Every message that was, or is to be, delivered: of an alert by how grave it was, of its cure, and of a digest by its day.
CREATE TABLE sp_alert_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,                     -- Slack, mail
  kind text NOT NULL CHECK (kind IN ('raised', 'cured', 'digest')),
  alert_id bigint REFERENCES sp_alerts (id) ON DELETE CASCADE,
  grade integer NOT NULL DEFAULT 0,          -- of 'raised'
  day date,                                  -- of 'digest'
  tries integer NOT NULL DEFAULT 1,
  tried_at timestamptz NOT NULL,
  delivered_at timestamptz,                  -- NULL: not yet
  failure text,                              -- why the last try failed
  sending_until timestamptz,                 -- machine time: whoever is sending it has so long
  CHECK ((kind = 'digest') = (alert_id IS NULL) AND (kind = 'digest') = (day IS NOT NULL)),
  UNIQUE NULLS NOT DISTINCT (channel, kind, alert_id, grade, day)
);
CREATE INDEX idx_sp_alert_deliveries_alert ON sp_alert_deliveries (alert_id);

ALTER TABLE sp_alert_mutes ENABLE ROW LEVEL SECURITY;
ALTER TABLE sp_alert_deliveries ENABLE ROW LEVEL SECURITY;
