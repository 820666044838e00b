<?php
// What DokuWiki writes is in the state folder. Before the first request, its configuration comes from Debian's.
$state = getenv('STATE_DIRECTORY');
define('DOKU_CONF', "$state/conf/");
if (!is_dir(DOKU_CONF)) {
    $new = "$state/conf." . getmypid();
    mkdir($new);
    foreach (array_filter(glob('/etc/dokuwiki/*.{php,conf}', GLOB_BRACE), 'is_readable') as $file) {
        copy($file, "$new/" . basename($file));
    }
    copy(dirname(__DIR__) . '/local.php', "$new/local.php");
    foreach (explode(' ', 'pages attic media media_attic media_meta meta cache index locks log tmp') as $dir) {
        @mkdir("$state/data/$dir", 0700, true);
    }
    @rename($new, "$state/conf"); // another worker may have been faster
}
