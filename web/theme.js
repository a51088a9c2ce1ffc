/**
 * @file theme.js  Light or dark, before the first paint
 *
 * Copyright (C) 2026 the sip_refer authors
 */
'use strict';

(function () {
	const root = document.documentElement;

	/* Storage may be forbidden; then the system's choice holds. */
	function stored(theme)
	{
		try {
			if (theme)
				localStorage.setItem('theme', theme);
			return localStorage.getItem('theme');
		}
		catch {
			return null;
		}
	}

	function systemDark()
	{
		return matchMedia('(prefers-color-scheme: dark)').matches;
	}

	const theme = stored();
	if (theme === 'light' || theme === 'dark')
		root.dataset.theme = theme;

	addEventListener('DOMContentLoaded', () => {
		document.getElementById('theme').onclick = () => {
			const dark = root.dataset.theme ?
				root.dataset.theme === 'dark' : systemDark();
			root.dataset.theme = dark ? 'light' : 'dark';
			stored(root.dataset.theme);
		};
	});
})();
