// Français

import { account } from './account/fr.ts'
import { groupWords } from './groups/fr.ts'
import type { Messages } from './en.ts'

export const fr: Messages = {
  account,
  stages: {
    'draft': 'Projet',
    'frozen': 'Texte figé',
    'sign-on': 'Ouvert à la signature',
    'closed': 'Clos',
    'submitted': 'Soumis',
    'follow-up': 'Suivi',
  },
  roles: {
    coordinator: 'Coordination',
    drafter: 'Rédaction',
    commenter: 'Commentaire',
    observer: 'Observation',
  },
  kinds: {
    'joint-submission': 'Communication conjointe',
    'oral-statement': 'Déclaration orale',
    'brief': 'Note de synthèse',
    'strategy': 'Stratégie',
    'follow-up-plan': 'Plan de suivi',
    'note': 'Note',
  },
  language: 'Langue',
  skip: 'Aller au contenu',
  loading: 'Un instant…',
  tryAgain: 'Réessayer',
  cancel: 'Annuler',

  signIn: 'Se connecter',
  email: 'Adresse électronique',
  password: 'Mot de passe',
  linkTitle: 'Votre lien de connexion',
  linkExplained: 'Ce lien vous connecte sans mot de passe.',
  linkInstead: name => `Vous êtes actuellement connecté·e en tant que ${name} ; cela prendra fin.`,
  shared: 'Cet ordinateur est partagé',
  sharedExplained:
    'Rien de ce que vous écrivez n’y est conservé : les textes ne s’ouvrent qu’avec une connexion, et fermer le navigateur vous déconnecte.',
  ownExplained: 'Les textes que vous ouvrez sont conservés sur cet ordinateur, pour que vous puissiez écrire hors ligne.',
  wrongCredentials: 'Cette adresse et ce mot de passe ne vont pas ensemble.',
  linkInvalid: 'Ce lien de connexion n’est pas (ou plus) valable. Demandez-en un nouveau.',
  tooManyTries: 'Trop d’essais. Attendez une minute, puis réessayez.',
  unreachable: 'Le serveur est injoignable. Vérifiez votre connexion, puis réessayez.',
  failed: 'Cela n’a pas fonctionné. Réessayez dans un instant.',
  notAllowed: 'Vous ne pouvez pas faire cela ici, ou l’objet n’existe plus.',
  pageFailed: 'Cette page n’a pas pu être chargée.',

  statements: 'Déclarations',
  myRole: role => `Votre rôle ici : ${role}`,
  noGroups: 'Vous n’êtes encore dans aucun groupe. La coordination peut vous ajouter avec votre adresse électronique.',
  noStatements: 'Ce groupe n’a pas encore de déclaration.',
  newStatement: 'Nouvelle déclaration',
  newStatementIn: group => `Nouvelle déclaration dans ${group}`,
  title: 'Titre',
  kind: 'Nature',
  begin: 'Commencer',
  mayRead: 'Vous pouvez lire',
  mayWrite: 'Vous pouvez écrire',
  kept: 'Conservé sur cet appareil',
  unsaved: 'Contient des changements que le serveur n’a pas encore',
  offline: 'Pas de connexion au serveur.',
  offlineList:
    'Voici les déclarations conservées sur cet appareil. Ce que vous y écrivez ira au serveur à votre retour en ligne.',
  offlineNone: 'Aucune déclaration n’est encore conservée sur cet appareil. Ouvrez-en une avec une connexion.',
  missingTitle: 'Rien ici',
  missing: 'Cette page n’existe pas, ou ne vous est pas destinée.',
  missingOffline: 'Cette déclaration n’est pas conservée sur cet appareil. Elle s’ouvrira quand vous serez en ligne.',
  back: 'Toutes les déclarations',

  frozen: stage => `Cette déclaration est à l’étape « ${stage} » : son texte est fixé.`,
  observing: 'Vous pouvez lire ici pendant que d’autres écrivent.',
  loadingEditor: 'Ouverture du texte…',
  editorFailed: 'L’éditeur n’a pas pu être chargé.',

  signedInAs: name => `Session de ${name}`,
  signOut: 'Se déconnecter',
  signOutTitle: 'Se déconnecter et perdre du travail ?',
  signOutLoses: 'Le serveur n’a pas tout ce que vous avez écrit dans :',
  signOutWarning:
    'La déconnexion efface ce qui est conservé sur cet appareil. Restez connecté·e jusqu’à ce que tout soit enregistré, ou copiez-le d’abord.',
  signOutAnyway: 'Se déconnecter et effacer',
  stay: 'Rester',
  leaveLoses: 'Ce que vous avez écrit n’est encore enregistré nulle part et serait perdu. Quitter quand même ?',
  signInEnded: 'Votre session a pris fin. Ce que vous écrivez reste ici jusqu’à votre prochaine connexion.',
  signedOutElsewhere: 'Vous avez été déconnecté·e dans un autre onglet.',
  otherAccount: 'Un autre compte a été ouvert dans ce navigateur.',
  deleteBlocked: 'Un autre onglet retient encore vos données. Fermez tous les onglets de cette page.',

  newVersion: 'Une nouvelle version est là.',
  reload: 'Recharger',
  reloadWhenSaved: 'Recharger une fois enregistré',
  notSavedYet: 'Tout n’est pas encore enregistré. Réessayez quand ce sera le cas.',

  ...groupWords,
}
