/**
 * Sizes that exist, or have, and whose price no dated source of the catalog tells: names of @pulumi/digitalocean's DropletSlug that sizes.yaml has
 * not. They may be used; what asks for a price refuses them.
 */
export const UNPRICED_SIZES: readonly string[] = `
16gb 1gb 2gb 32gb 48gb 4gb 512mb 64gb 8gb c-16-intel c-32-intel c-4-intel c-48-intel c-60-intel c-8-intel
c2-16vcpu-32gb-intel c2-32vcpu-64gb-intel c2-48vcpu-96gb c2-48vcpu-96gb-intel c2-4vcpu-8gb-intel c2-60vcpu-120gb-intel
c2-8vcpu-16gb-intel g-16vcpu-64gb-intel g-2vcpu-8gb-intel g-32vcpu-128gb-intel g-48vcpu-192gb-intel g-4vcpu-16gb-intel
g-60vcpu-240gb-intel g-8vcpu-32gb-intel gd-16vcpu-64gb-intel gd-2vcpu-8gb-intel gd-32vcpu-128gb-intel gd-48vcpu-192gb-intel
gd-4vcpu-16gb-intel gd-60vcpu-240gb-intel gd-8vcpu-32gb-intel gpu-h100x1-80gb-200 gpu-h100x8-640gb-200 m-16vcpu-128gb-intel
m-24vcpu-192gb-intel m-2vcpu-16gb-intel m-32vcpu-256gb-intel m-48vcpu-384gb-intel m-4vcpu-32gb-intel m-8vcpu-64gb-intel
m3-16vcpu-128gb-intel m3-24vcpu-192gb-intel m3-2vcpu-16gb-intel m3-32vcpu-256gb-intel m3-48vcpu-384gb-intel
m3-4vcpu-32gb-intel m3-8vcpu-64gb-intel m6-16vcpu-128gb m6-24vcpu-192gb m6-2vcpu-16gb m6-32vcpu-256gb m6-4vcpu-32gb
m6-8vcpu-64gb s-12vcpu-48gb s-16vcpu-64gb s-1vcpu-1gb-35gb-intel s-1vcpu-2gb-70gb-intel s-1vcpu-3gb s-20vcpu-96gb
s-24vcpu-128gb s-2vcpu-2gb-90gb-intel s-2vcpu-4gb-120gb-intel s-2vcpu-8gb-160gb-intel s-32vcpu-192gb s-3vcpu-1gb
s-4vcpu-16gb-320gb-intel s-4vcpu-8gb-240gb-intel s-6vcpu-16gb s-8vcpu-16gb-480gb-intel s-8vcpu-32gb s-8vcpu-32gb-640gb-intel
so-16vcpu-128gb-intel so-24vcpu-192gb-intel so-2vcpu-16gb-intel so-32vcpu-256gb-intel so-48vcpu-384gb-intel
so-4vcpu-32gb-intel so-8vcpu-64gb-intel so1_5-16vcpu-128gb-intel so1_5-24vcpu-192gb so1_5-24vcpu-192gb-intel
so1_5-2vcpu-16gb-intel so1_5-32vcpu-256gb so1_5-32vcpu-256gb-intel so1_5-4vcpu-32gb-intel so1_5-8vcpu-64gb-intel
`
  .trim()
  .split(/\s+/);
