-- Ready-made themes, so that a new operator has good looks to start from without choosing a single colour. In each,
-- text on the background has a contrast of at least 7 to 1 (WCAG 2.2, success criterion 1.4.6), and the primary and
-- the accent colour one of at least 4.5 to 1, because the style sheet also writes in the background colour on them.

insert into theme_templates (
    id, template_name, display_name, description, preview_image_url,
    primary_color, secondary_color, accent_color, background_color, text_color,
    font_family, layout_style, button_style, card_style, is_premium
) values
    (
        1, 'midnight_pro', 'Midnight Pro', 'Deep navy with sky blue and gold: calm through a long evening.', '',
        '#60a5fa', '#334155', '#fbbf24', '#0f172a', '#f1f5f9',
        'Inter, sans-serif', 'modern', 'rounded', 'shadow', false
    ),
    (
        2, 'classic_daylight', 'Classic Daylight', 'Dark text on white with a traditional royal blue.', '',
        '#1e40af', '#93c5fd', '#b45309', '#ffffff', '#1f2937',
        'Open Sans, sans-serif', 'classic', 'sharp', 'border', false
    ),
    (
        3, 'emerald_table', 'Emerald Table', 'The green of a card table, for houses that lead with their casino.', '',
        '#34d399', '#065f46', '#fde047', '#0b1f17', '#ecfdf5',
        'Poppins, sans-serif', 'modern', 'rounded', 'shadow', false
    ),
    (
        4, 'stadium_lights', 'Stadium Lights', 'Black and floodlight yellow, with many odds at once.', '',
        '#facc15', '#3f3f46', '#38bdf8', '#101010', '#fafafa',
        'Roboto, sans-serif', 'compact', 'sharp', 'border', false
    ),
    (
        5, 'ocean_breeze', 'Ocean Breeze', 'Pale blue, airy and light, with a berry accent.', '',
        '#0369a1', '#bae6fd', '#be185d', '#f0f9ff', '#0c4a6e',
        'Lato, sans-serif', 'minimal', 'minimal', 'minimal', false
    ),
    (
        6, 'graphite', 'Graphite', 'Near-black on light grey: the odds speak for themselves.', '',
        '#27272a', '#a1a1aa', '#b91c1c', '#f4f4f5', '#18181b',
        'Source Sans Pro, sans-serif', 'minimal', 'minimal', 'border', false
    ),
    (
        7, 'royal_crimson', 'Royal Crimson', 'Wine red with rose and gold, wide and glowing.', '',
        '#fb7185', '#881337', '#fcd34d', '#1a0b0f', '#fff1f2',
        'Montserrat, sans-serif', 'wide', 'rounded', 'glow', true
    ),
    (
        8, 'neon_arena', 'Neon Arena', 'Violet and cyan neon on near-black, made for e-sports.', '',
        '#c084fc', '#312e81', '#22d3ee', '#0a0a14', '#f5f3ff',
        'Nunito, sans-serif', 'wide', 'rounded', 'glow', true
    );
