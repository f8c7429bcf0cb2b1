import type { DebianPackage } from './stage-runtime.ts';

/** What is in an image, as far as its bill of materials tells it. */
export interface ImageContents {
  /** `sidecar` or `operator`. */
  readonly image: string;
  readonly version: string;
  /** Of the image's manifest, `sha256:…`. */
  readonly digest: string;
  /** When the revision was made that it was built from, ISO 8601 in UTC. */
  readonly created: string;
  readonly architecture: string;
  readonly npmPackages: readonly NpmPackage[];
  readonly debianPackages: readonly DebianPackage[];
  /** Node's `process.versions`. */
  readonly nodeVersions: Readonly<Record<string, string | undefined>>;
}

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Subresource integrity, as in package-lock.json. */
  readonly integrity: string;
}

interface SpdxPackage {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
  readonly downloadLocation: 'NOASSERTION';
  readonly filesAnalyzed: false;
  readonly licenseConcluded: 'NOASSERTION';
  readonly licenseDeclared: string;
  readonly copyrightText: 'NOASSERTION';
  readonly primaryPackagePurpose?: 'CONTAINER' | 'APPLICATION' | 'LIBRARY';
  readonly checksums?: readonly { readonly algorithm: 'SHA256' | 'SHA512'; readonly checksumValue: string }[];
  readonly externalRefs: readonly {
    readonly referenceCategory: string;
    readonly referenceType: string;
    readonly referenceLocator: string;
  }[];
}

export interface SpdxDocument {
  readonly spdxVersion: 'SPDX-2.3';
  readonly dataLicense: 'CC0-1.0';
  readonly SPDXID: 'SPDXRef-DOCUMENT';
  readonly name: string;
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly packages: readonly SpdxPackage[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: string;
    readonly relatedSpdxElement: string;
  }[];
}

/** Versions of interfaces and of data, not of components. */
const notComponents = new Set(['node', 'modules', 'napi', 'cldr', 'tz', 'unicode']);

/** The image's bill of materials in SPDX 2.3: Tokenward and the npm packages bundled with it, Node and what it is made of, Debian's libraries. */
export function describeImage(contents: ImageContents): SpdxDocument {
  const { image, version, digest, architecture, nodeVersions } = contents;
  const whole = spdxPackage('image', image, version, {
    purl: `pkg:oci/${image}@${encodeURIComponent(digest)}?arch=${architecture}&tag=${version}`,
    licence: 'Apache-2.0',
    purpose: 'CONTAINER',
    sha256: digest.replace(/^sha256:/, ''),
  });
  const tokenward = spdxPackage('npm', 'tokenward', version, {
    purl: `pkg:npm/tokenward@${version}`,
    licence: 'Apache-2.0',
    purpose: 'APPLICATION',
  });
  const node = spdxPackage('runtime', 'node', nodeVersions['node'] ?? '', {
    purl: `pkg:generic/node@${nodeVersions['node']}`,
    licence: 'MIT',
    purpose: 'APPLICATION',
  });
  const bundled = contents.npmPackages.map(npmPackage);
  const builtIn = Object.entries(nodeVersions).flatMap(([name, builtInVersion]) =>
    notComponents.has(name) || builtInVersion === undefined
      ? []
      : spdxPackage('node', name, builtInVersion, {
          purl: `pkg:generic/${name}@${encodeURIComponent(builtInVersion)}`,
          purpose: 'LIBRARY',
        }),
  );
  const debian = contents.debianPackages.map((each) =>
    spdxPackage('deb', each.name, each.version, {
      purl: `pkg:deb/debian/${encodeURIComponent(each.name)}@${encodeURIComponent(each.version)}?arch=${each.architecture}&upstream=${encodeURIComponent(each.source)}`,
      purpose: 'LIBRARY',
    }),
  );
  const contains = (outer: SpdxPackage, inner: readonly SpdxPackage[]) =>
    inner.map(({ SPDXID }) => ({ spdxElementId: outer.SPDXID, relationshipType: 'CONTAINS', relatedSpdxElement: SPDXID }));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `tokenward-${image}-${version}`,
    documentNamespace: `https://tokenward.dev/spdx/${image}/${version}/${digest.replace(':', '-')}`,
    creationInfo: { created: contents.created, creators: ['Tool: tokenward-build-images', 'Organization: Tokenward'] },
    packages: [whole, tokenward, ...bundled, node, ...builtIn, ...debian],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: whole.SPDXID },
      ...contains(whole, [tokenward, node, ...debian]),
      ...contains(tokenward, bundled),
      ...contains(node, builtIn),
    ],
  };
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly license?: string; readonly integrity?: string }>>;
}

/** The npm packages of which modules went into a bundle, as package-lock.json has them. */
export function bundledPackages(modules: readonly string[], lock: Lock): readonly NpmPackage[] {
  const folders = new Set(modules.flatMap((module) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? []));
  const packages = [...folders].toSorted().map((folder) => {
    const name = folder.replace(/^.*node_modules\//, '');
    const { version, license = 'NOASSERTION', integrity } = lock.packages[folder] ?? {};
    if (version === undefined || integrity === undefined) throw new Error(`${folder} is bundled but not in package-lock.json`);
    return { name, version, license, integrity };
  });
  // One version may lie in several folders.
  return [...new Map(packages.map((each) => [`${each.name}@${each.version}`, each])).values()];
}

function npmPackage({ name, version, license, integrity }: NpmPackage): SpdxPackage {
  return spdxPackage('npm', name, version, {
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licence: license,
    purpose: 'LIBRARY',
    sha512: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
  });
}

interface Details {
  readonly purl: string;
  readonly licence?: string;
  readonly purpose: 'CONTAINER' | 'APPLICATION' | 'LIBRARY';
  readonly sha256?: string;
  readonly sha512?: string;
}

function spdxPackage(ecosystem: string, name: string, version: string, { purl, licence, purpose, sha256, sha512 }: Details): SpdxPackage {
  const checksums = [
    ...(sha256 === undefined ? [] : [{ algorithm: 'SHA256', checksumValue: sha256 } as const]),
    ...(sha512 === undefined ? [] : [{ algorithm: 'SHA512', checksumValue: sha512 } as const]),
  ];
  return {
    // Letters, digits, dots and hyphens only (SPDX 2.3, 3.2).
    SPDXID: `SPDXRef-${ecosystem}-${`${name}-${version}`.replaceAll(/[^A-Za-z0-9.]+/g, '-')}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: licence ?? 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    primaryPackagePurpose: purpose,
    ...(checksums.length === 0 ? {} : { checksums }),
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
  };
}
