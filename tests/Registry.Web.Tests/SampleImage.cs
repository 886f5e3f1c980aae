using System.Text.Json.Nodes;

namespace Registry.Web.Tests;

/// <summary>Images as builders make them: with a config that tells people something, and the instruction of each layer.</summary>
internal static class SampleImage
{
    private static readonly (string Instruction, TestBlob Layer) Distribution = ("ADD rootfs.tar.xz / # buildkit", TestBlob.Random(2_900_000));

    private static readonly (string Instruction, TestBlob Layer) Packages = (
        "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata && rm -rf /var/lib/apt/lists/* # buildkit", TestBlob.Random(1_100_000));

    /// <summary>Creates an image of a program. All have the same first layers.</summary>
    /// <param name="program">Name of the program.</param>
    /// <param name="version">Its version.</param>
    /// <param name="size">Size of its layer in bytes.</param>
    /// <param name="architecture">Architecture.</param>
    public static TestImage Create(string program, string version, int size, string architecture = "amd64")
    {
        (string Instruction, TestBlob? Layer)[] steps =
        [
            Distribution,
            ("CMD [\"bash\"]", null),
            Packages,
            ("ENV PORT=8080", null),
            ("WORKDIR /srv", null),
            ($"COPY /out/{program} /usr/local/bin/{program} # buildkit", TestBlob.Random(size)),
            ($"COPY /etc/{program} /etc/{program} # buildkit", TestBlob.Random(size / 40)),
            ("USER 65532", null),
            ($"ENTRYPOINT [\"/usr/local/bin/{program}\"]", null),
        ];
        var config = TestBlob.OfText(new JsonObject
        {
            ["architecture"] = architecture,
            ["os"] = "linux",
            ["created"] = "2026-11-27T09:41:07Z",
            ["config"] = new JsonObject
            {
                ["Entrypoint"] = new JsonArray($"/usr/local/bin/{program}"),
                ["Cmd"] = new JsonArray("serve"),
                ["Env"] = new JsonArray("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PORT=8080"),
                ["ExposedPorts"] = new JsonObject { ["8080/tcp"] = new JsonObject() },
                ["User"] = "65532",
                ["WorkingDir"] = "/srv",
                ["Labels"] = new JsonObject
                {
                    ["org.opencontainers.image.source"] = $"https://git.example.com/shop/{program}",
                    ["org.opencontainers.image.version"] = version,
                },
            },
            ["history"] = new JsonArray(
            [
                .. steps.Select(step => new JsonObject { ["created"] = "2026-11-27T09:41:07Z", ["created_by"] = step.Instruction, ["empty_layer"] = step.Layer is null }),
            ]),
        }.ToJsonString());
        return TestImage.Of(config, [.. steps.Select(step => step.Layer).OfType<TestBlob>()]);
    }
}
