/** Where the API answers, unless told otherwise. */
export const DIGITALOCEAN_URL = "https://api.digitalocean.com";
