// Español

import type { Messages } from './en.ts'

export const es: Messages = {
  saveStates: {
    'saved': 'Guardado',
    'saving': 'Guardando…',
    'on-this-device': 'Guardado solo en este dispositivo',
    'not-kept': 'NO guardado: deje esta página abierta',
    'refused': 'Rechazado: aquí está su texto',
    'replaced': 'Este texto fue sustituido',
    'unconfirmed': 'Enviado; este servidor no confirma',
  },
  opening: 'Abriendo…',
  reading: 'Al día',

  noLine: 'No hay conexión con el servidor.',
  offline: 'Este dispositivo no tiene conexión.',
  away: {
    'kept': 'Lo que escriba se guarda en este dispositivo e irá al servidor cuando vuelva la conexión.',
    'not-kept': 'Lo que escriba está solo en esta página: déjela abierta hasta que vuelva la conexión.',
    'nothing': 'Puede seguir leyendo.',
  },
  retryIn: seconds => `Próximo intento en ${seconds} s.`,
  retrying: 'Conectando…',
  retryNow: 'Intentar ahora',
  waitingForLine: 'Este texto no está en este dispositivo. Se abrirá cuando vuelva la conexión.',
  noStorage: 'Este navegador no guarda nada en este dispositivo (ventana privada, o almacenamiento prohibido).',
  storageFull: 'Este dispositivo no tiene espacio para guardar el texto. Libere espacio o siga con conexión.',
  storageGone: 'Lo guardado en este dispositivo ya no se conserva: se cerró la sesión o se borró el almacenamiento.',

  signInNeeded: 'Su sesión ha terminado. Inicie sesión de nuevo; lo que escribió sigue aquí.',
  signedOut: 'Sesión no iniciada',
  tokenFailed: 'Esta página no ha podido indicar al servidor quién es usted.',
  notFound: 'Este texto no está aquí, o no es para usted.',
  removed: 'Ya no tiene acceso a este texto.',
  denied: 'El servidor no admite esta página.',
  tryAgain: 'Reintentar',

  replaced: 'Este texto fue sustituido por otra versión. Lo que ve aquí ya no cambia.',
  replacedUnknown: 'Este texto fue sustituido por otro; a esta página no se le dijo cuál. Lo que ve aquí ya no cambia.',
  openNew: 'Abrir la versión nueva',
  lookAgain: 'Mirar de nuevo',
  stuck: 'Lo que ve aquí contiene texto que el servidor no aceptó; se guarda abajo como suyo.',
  startAfresh: 'Seguir con el texto del servidor',

  draftsTitle: 'Texto suyo que no está en el documento',
  draftReasons: {
    refused: 'El servidor no aceptó este texto suyo.',
    replaced: 'Escribió esto en el texto que fue sustituido.',
    removed: 'Escribió esto antes de perder el acceso.',
  },
  copy: 'Copiar',
  copied: 'Copiado',
  download: 'Descargar',
  insert: 'Insertar en el cursor',
  inserted: 'Insertado: ahora está en el texto.',
  discard: 'Descartar',
  discardReally: '¿Descartar de verdad?',

  mergeTitle: 'En su ausencia, otros cambiaron texto en el que usted había trabajado',
  mergeKinds: {
    'paragraph-removed': 'Otros quitaron el párrafo en el que escribía.',
    'words-moved': 'Sus palabras están ahora separadas del texto en el que las escribió.',
    'words-removed': 'Otros borraron palabras suyas.',
    'footnote-removed': 'Otros quitaron la nota en la que escribía.',
  },
  mergeMoved: 'Ahora está en otro lugar del texto.',
  yourWords: 'Sus palabras:',
  paragraphBefore: 'El párrafo como era:',
  show: 'Mostrar en el texto',
  dismiss: 'Cerrar',
}
