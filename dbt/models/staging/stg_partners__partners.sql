select
    id as partner_id,
    reference as partner_reference,
    code as partner_code,
    user_id,
    country,
    currency,
    plan_name,
    is_active,
    joined_at,
    extract_id
from {{ source("raw", "partners__partner") }}
