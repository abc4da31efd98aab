// The index lies beside the pages, whatever folder they are in.
const box = document.querySelector('#search');
const root = new URL(box.dataset.root, location.href).pathname;
new PagefindUI({ element: '#search', baseUrl: root, bundlePath: `${root}pagefind/`, showImages: false, showSubResults: true });

// On a narrow screen the menu is closed, until somebody opens it.
if (matchMedia('(max-width: 60rem)').matches) document.querySelector('.menu').open = false;
