using Registry.Core.Oci;

namespace Registry.Core.Tests.Oci;

public class MediaTypesTests
{
    [Theory]
    [InlineData("application/vnd.oci.image.manifest.v1+json", true, false)]
    [InlineData("application/vnd.oci.image.index.v1+json", true, true)]
    [InlineData("application/vnd.docker.distribution.manifest.v2+json", true, false)]
    [InlineData("application/vnd.docker.distribution.manifest.list.v2+json", true, true)]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws", false, false)]
    [InlineData("application/vnd.docker.distribution.manifest.v1+json", false, false)]
    [InlineData("application/vnd.oci.artifact.manifest.v1+json", false, false)]
    [InlineData("Application/vnd.oci.image.manifest.v1+json", false, false)]
    [InlineData("application/json", false, false)]
    [InlineData("", false, false)]
    public void The_four_manifest_types_and_the_two_indexes_among_them(string mediaType, bool isManifest, bool isIndex)
    {
        Assert.Equal(isManifest, MediaTypes.IsManifest(mediaType));
        Assert.Equal(isIndex, MediaTypes.IsIndex(mediaType));
    }

    [Theory]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar", true)]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", true)]
    [InlineData("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true)]
    [InlineData("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true)]
    [InlineData("application/vnd.oci.image.layer.v1.tar+gzip", false)]
    [InlineData("application/vnd.docker.image.rootfs.diff.tar.gzip", false)]
    [InlineData("", false)]
    public void Foreign_layers_are_told_by_their_type(string mediaType, bool expected) =>
        Assert.Equal(expected, MediaTypes.IsNonDistributable(mediaType));
}
