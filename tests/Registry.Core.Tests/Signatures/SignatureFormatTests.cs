using System.Text;
using System.Text.Json.Nodes;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Core.Signatures;

namespace Registry.Core.Tests.Signatures;

/// <summary>Signatures of cosign, byte by byte: each change of what was signed, or of the signature, is noticed, and none is an exception.</summary>
public sealed class SignatureFormatTests
{
    private static readonly Digest Image = Digest.Parse(Recordings.Image.Digest);

    public static TheoryData<string> Signatures => [.. Recordings.Signatures];

    [Theory]
    [MemberData(nameof(Signatures))]
    public void A_signature_is_by_its_key_and_no_other(string name)
    {
        var message = Read(Recordings.Of(name, Recordings.Image).Artifact, Image);
        var own = Key(Recordings.KeyOf(name));
        Assert.Equal(own, message?.FindKey(Recordings.Keys.Where(key => key != "ed25519").Select(Key), Image));
        Assert.Null(message?.FindKey(Recordings.Keys.Where(key => key != "ed25519").Select(Key).Where(key => key != own), Image));
    }

    [Theory]
    [MemberData(nameof(Signatures))]
    public void An_altered_signature_is_by_no_key_and_no_exception(string name)
    {
        var artifact = Recordings.Of(name, Recordings.Image).Artifact;
        var key = Key(Recordings.KeyOf(name));
        var content = artifact.Blobs[1].Bytes;
        var signature = SignatureOf(artifact);
        for (var i = 0; i < content.Length; i++)
        {
            byte[] altered = [.. content];
            altered[i] ^= (byte)(1 + (i % 7));
            var key1 = Read(altered, signature, Image)?.FindKey([key], Image);

            // What nothing signs may change: the type of the bundle, and its hint of the key.
            Assert.True(key1 is null || signature is null, $"byte {i} of {Encoding.UTF8.GetString(content)}");
            Assert.Null(Read(content.AsMemory(0, i), signature, Image));
        }

        for (var i = 0; signature is not null && i < signature.Length; i++)
        {
            var altered = signature.Remove(i, 1).Insert(i, signature[i] == 'A' ? "B" : "A");
            var read = Read(content, altered, Image);

            // The last digits have bits that do not count.
            Assert.True(i >= signature.Length - 4 || read?.FindKey([key], Image) is null, $"digit {i} of {signature}");
        }
    }

    [Theory]
    [MemberData(nameof(Signatures))]
    public void A_signature_is_for_its_image_alone(string name) =>
        Assert.Null(Read(Recordings.Of(name, Recordings.Image).Artifact, Digest.Parse(Recordings.Index.Digest)));

    private static SigningKey Key(string name) => SigningKey.Read(name, Encoding.UTF8.GetBytes(Recordings.Key(name)));

    private static SignedMessage? Read(TestImage artifact, Digest image) => Read(artifact.Blobs[1].Bytes, SignatureOf(artifact), image);

    private static SignedMessage? Read(ReadOnlyMemory<byte> content, string? signature, Digest image)
    {
        var message = signature is null ? SigstoreBundle.Read(content, image, out var fault) : SimpleSigning.Read(content, signature, image, out fault);
        Assert.Equal(message is null, fault is not null);
        return message;
    }

    private static string? SignatureOf(TestImage artifact) =>
        (string?)JsonNode.Parse(artifact.Manifest.Bytes)!["layers"]![0]!["annotations"]?[SimpleSigning.Annotation];
}
