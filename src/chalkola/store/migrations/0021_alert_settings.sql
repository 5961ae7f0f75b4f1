-- What a person has chosen of the rules for alerts. Nothing is changed or removed: the last line of a rule holds.

CREATE TABLE sp_alert_settings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rule text NOT NULL,
  enabled boolean NOT NULL,
  thresholds jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(thresholds) = 'object'),  -- figures that are not the usual
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL                   -- the address of whoever signed in, or `this machine`
);
CREATE INDEX idx_sp_alert_settings_rule ON sp_alert_settings (rule, id DESC);
ALTER TABLE sp_alert_settings ENABLE ROW LEVEL SECURITY;
