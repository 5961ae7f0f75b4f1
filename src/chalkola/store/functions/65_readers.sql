-- Have the people of these domains read our tables through Supabase, and nobody else's.
CREATE OR REPLACE FUNCTION sp_set_reader_domains(domains text[])
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM sp_reader_domains r WHERE r.domain <> ALL ($1);
  INSERT INTO sp_reader_domains SELECT DISTINCT lower(d) FROM unnest($1) d ON CONFLICT DO NOTHING;
END $$;
