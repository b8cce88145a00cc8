-- Run once by the database image, on an empty volume: the application's role owns its database and nothing else.
-- The built-in locale does not depend on the image's C library, whose updates can break indexes on text.
\set password `cat /run/secrets/database_password`
CREATE ROLE lms LOGIN PASSWORD :'password';
CREATE DATABASE lms OWNER lms TEMPLATE template0
    ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE lms FROM PUBLIC;
