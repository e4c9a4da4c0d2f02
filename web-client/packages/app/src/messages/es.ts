// Español

import { account } from './account/es.ts'
import { groupWords } from './groups/es.ts'
import type { Messages } from './en.ts'

export const es: Messages = {
  account,
  stages: {
    'draft': 'Borrador',
    'frozen': 'Texto fijado',
    'sign-on': 'Abierta a firmas',
    'closed': 'Cerrada',
    'submitted': 'Presentada',
    'follow-up': 'Seguimiento',
  },
  roles: {
    coordinator: 'Coordinación',
    drafter: 'Redacción',
    commenter: 'Comentarios',
    observer: 'Observación',
  },
  kinds: {
    'joint-submission': 'Comunicación conjunta',
    'oral-statement': 'Declaración oral',
    'brief': 'Informe breve',
    'strategy': 'Estrategia',
    'follow-up-plan': 'Plan de seguimiento',
    'note': 'Nota',
  },
  language: 'Idioma',
  skip: 'Ir al contenido',
  loading: 'Un momento…',
  tryAgain: 'Reintentar',
  cancel: 'Cancelar',

  signIn: 'Iniciar sesión',
  email: 'Correo electrónico',
  password: 'Contraseña',
  linkTitle: 'Su enlace de acceso',
  linkExplained: 'Este enlace inicia su sesión sin contraseña.',
  linkInstead: name => `Ahora la sesión es de ${name}; terminará.`,
  shared: 'Este ordenador es compartido',
  sharedExplained:
    'Nada de lo que escriba se guarda en él: los textos solo se abren con conexión, y al cerrar el navegador termina la sesión.',
  ownExplained: 'Los textos que abra se guardan en este ordenador, para que pueda escribir sin conexión.',
  wrongCredentials: 'Este correo y esta contraseña no corresponden.',
  linkInvalid: 'Este enlace de acceso no es válido o ya no lo es. Pida uno nuevo.',
  tooManyTries: 'Demasiados intentos. Espere un minuto e inténtelo de nuevo.',
  unreachable: 'No se puede alcanzar el servidor. Revise su conexión e inténtelo de nuevo.',
  failed: 'No ha funcionado. Inténtelo de nuevo en un momento.',
  notAllowed: 'No puede hacer esto aquí, o ya no existe.',
  pageFailed: 'No se ha podido cargar esta página.',

  statements: 'Declaraciones',
  myRole: role => `Su función aquí: ${role}`,
  noGroups: 'Aún no está en ningún grupo. La coordinación puede añadirle con su correo electrónico.',
  noStatements: 'Este grupo aún no tiene declaraciones.',
  newStatement: 'Nueva declaración',
  newStatementIn: group => `Nueva declaración en ${group}`,
  title: 'Título',
  kind: 'Tipo',
  begin: 'Empezar',
  mayRead: 'Puede leer',
  mayWrite: 'Puede escribir',
  kept: 'Guardada en este dispositivo',
  unsaved: 'Tiene cambios que el servidor aún no tiene',
  offline: 'Sin conexión con el servidor.',
  offlineList:
    'Estas son las declaraciones guardadas en este dispositivo. Lo que escriba en ellas irá al servidor cuando vuelva la conexión.',
  offlineNone: 'Aún no hay declaraciones guardadas en este dispositivo. Abra una con conexión.',
  missingTitle: 'Aquí no hay nada',
  missing: 'Esta página no existe o no es para usted.',
  missingOffline: 'Esta declaración no está guardada en este dispositivo. Se abrirá cuando haya conexión.',
  back: 'Todas las declaraciones',

  frozen: stage => `Esta declaración está en la etapa «${stage}»: su texto está fijado.`,
  observing: 'Aquí puede leer mientras otros escriben.',
  loadingEditor: 'Abriendo el texto…',
  editorFailed: 'No se pudo cargar el editor.',

  signedInAs: name => `Sesión de ${name}`,
  signOut: 'Cerrar sesión',
  signOutTitle: '¿Cerrar sesión y perder trabajo?',
  signOutLoses: 'El servidor no tiene todo lo que escribió en:',
  signOutWarning:
    'Al cerrar la sesión se borra lo guardado en este dispositivo. Espere a que todo se haya guardado, o cópielo antes.',
  signOutAnyway: 'Cerrar sesión y borrar',
  stay: 'Seguir aquí',
  leaveLoses: 'Lo que ha escrito aún no está guardado en ningún sitio y se perdería. ¿Salir de todos modos?',
  signInEnded: 'Su sesión ha terminado. Lo que escriba sigue aquí hasta que inicie sesión de nuevo.',
  signedOutElsewhere: 'Su sesión se cerró en otra pestaña.',
  otherAccount: 'Se abrió otra cuenta en este navegador.',
  deleteBlocked: 'Otra pestaña aún retiene datos suyos. Cierre todas las pestañas de esta página.',

  newVersion: 'Hay una versión nueva.',
  reload: 'Recargar',
  reloadWhenSaved: 'Recargar cuando esté guardado',
  notSavedYet: 'Aún no está todo guardado. Inténtelo cuando lo esté.',

  ...groupWords,
}
