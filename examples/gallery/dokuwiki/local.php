<?php
$conf['title'] = 'Wiki';
$conf['savedir'] = getenv('STATE_DIRECTORY') . '/data';
$conf['useacl'] = 0; // everybody may write; man: https://www.dokuwiki.org/acl
