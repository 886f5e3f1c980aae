using System.Formats.Tar;
using System.IO.Compression;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Dotnet;

/// <summary><c>dotnet publish -t:PublishContainer</c>: the SDK is a registry client, too.</summary>
public sealed class PublishContainerTests(RegistryUnderTest registry) : IDisposable
{
    private readonly TemporaryFolder _folder = new("dotnet");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Dotnet_publishes_an_image_on_a_base_from_the_registry() => await PublishAsync("dotnet/plain");

    [Fact]
    public async Task Dotnet_publishes_an_image_in_many_chunks() =>
        await PublishAsync(
            "dotnet/chunked",
            ("DOTNET_CONTAINER_DEBUG_REGISTRY_FORCE_CHUNKED_UPLOAD", "true"),
            ("DOTNET_CONTAINER_REGISTRY_CHUNKED_UPLOAD_SIZE_BYTES", "20000"));

    private async Task PublishAsync(string repository, params (string Name, string Value)[] settings)
    {
        var @base = SampleImage.Runnable();
        await registry.Http.PushImageAsync(@base.Layout, @base.Top, $"{repository}-base", "1", Cancellation);
        string project = WriteProject();
        var dotnet = new Command(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", "dotnet-sdk-10.0, or https://dot.net")
        {
            Deadline = TimeSpan.FromMinutes(15),
            Environment =
            {
                ["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = registry.HostPort,
                ["DOTNET_CLI_HOME"] = _folder.Folder("home"),
                ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
                ["NUGET_PACKAGES"] = _folder.Folder("packages"),
                // The servers that would stay behind for the next build.
                ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
                ["MSBUILDDISABLENODEREUSE"] = "1",
                ["UseSharedCompilation"] = "false",
            },
        };
        foreach ((string name, string value) in settings)
        {
            dotnet.Environment[name] = value;
        }

        _ = await dotnet.RunAsync(
            "publish", project, "-r", "linux-x64", "--self-contained", "false", "-t:PublishContainer",
            $"-p:ContainerRegistry={registry.HostPort}",
            $"-p:ContainerBaseImage={registry.HostPort}/{repository}-base:1",
            $"-p:ContainerRepository={repository}",
            "-p:ContainerImageTags=\"1;latest\"");

        StoredImage stored = await registry.Http.ReadImageAsync(repository, "1", Cancellation);
        Assert.Equal(stored.Digest, (await registry.Http.ReadImageAsync(repository, "latest", Cancellation)).Digest);
        StoredImage storedBase = await registry.Http.ReadImageAsync($"{repository}-base", "1", Cancellation);
        Assert.Equal(storedBase.Layers.Single().Digest, stored.Layers.First().Digest);
        byte[] published = await File.ReadAllBytesAsync(
            Path.Combine(_folder.Path, "app", "bin", "Release", "net10.0", "linux-x64", "publish", "app.dll"), Cancellation);
        Assert.Equal(published, await ReadFileAsync(repository, stored.Layers.Last(), "app/app.dll"));
    }

    private string WriteProject()
    {
        string project = _folder.File("app", "app.csproj");
        File.WriteAllText(
            project,
            """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
            </Project>
            """);
        File.WriteAllText(_folder.File("app", "Program.cs"), """System.Console.WriteLine("hello");""");
        // What the SDK carries is enough: no package source is asked.
        File.WriteAllText(_folder.File("app", "nuget.config"), "<configuration><packageSources><clear /></packageSources></configuration>");
        return project;
    }

    private async Task<byte[]> ReadFileAsync(string repository, OciDescriptor layer, string path)
    {
        byte[] content = await registry.Http.ReadBlobAsync(repository, layer.Digest, Cancellation);
        await using var tar = new TarReader(new GZipStream(new MemoryStream(content), CompressionMode.Decompress));
        while (await tar.GetNextEntryAsync(copyData: true, Cancellation) is { } entry)
        {
            if (entry.Name.TrimStart('.', '/') == path)
            {
                var file = new MemoryStream();
                await entry.DataStream!.CopyToAsync(file, Cancellation);
                return file.ToArray();
            }
        }
        throw new FileNotFoundException($"{path} is not in the layer {layer.Digest}.");
    }
}
