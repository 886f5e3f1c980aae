using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class MediaTypesTests
{
    [Theory]
    [InlineData("application/vnd.oci.image.manifest.v1+json", MediaTypes.OciManifest, false)]
    [InlineData("application/vnd.oci.image.index.v1+json", MediaTypes.OciIndex, true)]
    [InlineData("application/vnd.docker.distribution.manifest.v2+json", MediaTypes.DockerManifest, false)]
    [InlineData("application/vnd.docker.distribution.manifest.list.v2+json", MediaTypes.DockerManifestList, true)]
    [InlineData("Application/Vnd.OCI.Image.Manifest.V1+JSON", MediaTypes.OciManifest, false)]
    [InlineData("application/vnd.docker.distribution.manifest.LIST.v2+json", MediaTypes.DockerManifestList, true)]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws", null, false)]
    [InlineData("application/vnd.docker.distribution.manifest.v1+json", null, false)]
    [InlineData("application/vnd.oci.artifact.manifest.v1+json", null, false)]
    [InlineData("application/vnd.oci.image.manifeſt.v1+json", null, false)]
    [InlineData("application/json", null, false)]
    [InlineData("", null, false)]
    public void The_four_manifest_types_in_any_case_and_the_two_indexes_among_them(string mediaType, string? found, bool isIndex)
    {
        Assert.Equal(found, MediaTypes.FindManifest(mediaType));
        Assert.Equal(isIndex, found is not null && MediaTypes.IsIndex(found));
    }

    [Theory]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar", true)]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", true)]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true)]
    [InlineData("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true)]
    [InlineData("application/vnd.OCI.image.layer.NonDistributable.v1.tar", true)]
    [InlineData("Application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true)]
    [InlineData("application/vnd.oci.image.layer.v1.tar+gzip", false)]
    [InlineData("application/vnd.docker.image.rootfs.diff.tar.gzip", false)]
    [InlineData("", false)]
    public void Foreign_layers_are_told_by_their_type(string mediaType, bool expected) =>
        Assert.Equal(expected, MediaTypes.IsNonDistributable(mediaType));
}
