// Français

import type { Messages } from './en.ts'

export const fr: Messages = {
  saveStates: {
    'saved': 'Enregistré',
    'saving': 'Enregistrement…',
    'on-this-device': 'Conservé sur cet appareil seulement',
    'not-kept': 'NON conservé : laissez cette page ouverte',
    'refused': 'Refusé : voici votre texte',
    'replaced': 'Ce texte a été remplacé',
    'unconfirmed': 'Envoyé ; ce serveur ne confirme pas',
  },
  opening: 'Ouverture…',
  reading: 'À jour',

  noLine: 'Pas de connexion au serveur.',
  offline: 'Cet appareil est hors ligne.',
  away: {
    'kept': 'Ce que vous écrivez est conservé sur cet appareil et ira au serveur au retour de la connexion.',
    'not-kept': 'Ce que vous écrivez n’est que dans cette page : laissez-la ouverte jusqu’au retour de la connexion.',
    'nothing': 'Vous pouvez continuer à lire.',
  },
  retryIn: seconds => `Prochain essai dans ${seconds} s.`,
  retrying: 'Connexion…',
  retryNow: 'Essayer maintenant',
  waitingForLine: 'Ce texte n’est pas sur cet appareil. Il s’ouvrira au retour de la connexion.',
  noStorage: 'Ce navigateur ne conserve rien sur cet appareil (fenêtre privée, ou stockage interdit).',
  storageFull: 'Cet appareil n’a plus de place pour conserver le texte. Libérez-en, ou restez connecté·e.',
  storageGone: 'Ce qui était sur cet appareil n’y est plus conservé : déconnexion, ou stockage effacé.',

  signInNeeded: 'Votre session a pris fin. Reconnectez-vous ; ce que vous avez écrit reste ici.',
  signedOut: 'Aucune session ouverte',
  tokenFailed: 'Cette page n’a pas pu indiquer au serveur qui vous êtes.',
  notFound: 'Ce texte n’est pas ici, ou ne vous est pas destiné.',
  removed: 'Vous n’avez plus accès à ce texte.',
  denied: 'Le serveur n’admet pas cette page.',
  tryAgain: 'Réessayer',

  replaced: 'Ce texte a été remplacé par une autre version. Ce que vous voyez ici ne change plus.',
  replacedUnknown: 'Ce texte a été remplacé par un autre ; lequel, cette page ne l’a pas appris. Ce que vous voyez ici ne change plus.',
  openNew: 'Ouvrir la nouvelle version',
  lookAgain: 'Regarder de nouveau',
  stuck: 'Ce que vous voyez ici contient du texte que le serveur n’a pas accepté ; il est gardé ci-dessous comme le vôtre.',
  startAfresh: 'Continuer avec le texte du serveur',

  draftsTitle: 'Un texte de vous qui n’est pas dans le document',
  draftReasons: {
    refused: 'Le serveur n’a pas accepté ce texte de vous.',
    replaced: 'Vous avez écrit ceci dans le texte remplacé.',
    removed: 'Vous avez écrit ceci avant de perdre l’accès.',
  },
  copy: 'Copier',
  copied: 'Copié',
  download: 'Télécharger',
  insert: 'Insérer au curseur',
  inserted: 'Inséré : il est maintenant dans le texte.',
  discard: 'Supprimer',
  discardReally: 'Vraiment supprimer ?',

  mergeTitle: 'En votre absence, d’autres ont modifié du texte auquel vous aviez travaillé',
  mergeKinds: {
    'paragraph-removed': 'D’autres ont retiré le paragraphe dans lequel vous écriviez.',
    'words-moved': 'Vos mots sont maintenant séparés du texte dans lequel vous les aviez écrits.',
    'words-removed': 'D’autres ont supprimé des mots à vous.',
    'footnote-removed': 'D’autres ont retiré la note dans laquelle vous écriviez.',
  },
  mergeMoved: 'Il se trouve maintenant ailleurs dans le texte.',
  yourWords: 'Vos mots :',
  paragraphBefore: 'Le paragraphe tel qu’il était :',
  show: 'Montrer dans le texte',
  dismiss: 'Fermer',
}
