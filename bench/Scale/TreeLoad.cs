using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Registry.Bench.Peers;
using Registry.Core.Oci;
using Registry.Storage.Files;

namespace Registry.Bench.Scale;

/// <summary>
/// Measures the first start on a tree without a database: the time to the first answer, the duration of indexing, and the cost of requests meanwhile.
/// </summary>
internal static class TreeLoad
{
    private const int Repositories = 2000;
    private const int ImagesPerRepository = 10;

    public static async Task RunAsync()
    {
        await using var folder = new ScaleFolder();
        var settings = Directory.CreateTempSubdirectory("registry-scale-");
        try
        {
            var files = 0;
            Parallel.For(0, Repositories, i => Interlocked.Add(ref files, Write(folder.Paths, Name(i))));
            var clock = Stopwatch.StartNew();
            await using var server = await ScaleServer.StartAsync(RegistryProgram.Jit, folder.Settings, settings.FullName, Name(Repositories - 1));
            using var client = server.Client("admin");
            var during = await MeasureAsync(client, async () => await IsReadyAsync(client));
            var seconds = clock.Elapsed.TotalSeconds;
            var left = during.Length;
            var after = await MeasureAsync(client, () => Task.FromResult(left-- <= 0));
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
                {Repositories * ImagesPerRepository} manifests in {files} files; ready after {server.Ready.Version:0} ms, tags of one after {server.Ready.Tags:0} ms,
                everything after {seconds:0.0} s; memory {server.Memory.All:0} MiB

                | Manifest by tag | p50 ms | p99 ms |
                |---|---:|---:|
                | while indexing ({during.Length} requests) | {during[during.Length / 2]:0.00} | {during[during.Length * 99 / 100]:0.00} |
                | afterwards | {after[after.Length / 2]:0.00} | {after[after.Length * 99 / 100]:0.00} |
                """));
        }
        finally
        {
            settings.Delete(recursive: true);
        }
    }

    private static RepositoryName Name(int i) => RepositoryName.Parse($"team-{i / 100:d2}/app-{i % 100:d2}");

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        using var answer = await client.GetAsync(new Uri("/v2/_catalog?n=1", UriKind.Relative));
        return answer.StatusCode == HttpStatusCode.OK;
    }

    // Tags of the whole tree, including repositories that are not indexed yet.
    private static async Task<double[]> MeasureAsync(HttpClient client, Func<Task<bool>> isOver)
    {
        var times = new List<double>();
        var random = new Random(1);
        while (!await isOver())
        {
            var path = $"/v2/{Name(random.Next(Repositories))}/manifests/{ScaleContent.TagOf(random.Next(ImagesPerRepository))}";
            var started = Stopwatch.GetTimestamp();
            await client.GetByteArrayAsync(new Uri(path, UriKind.Relative));
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return [.. times.Order()];
    }

    private static int Write(DataPaths paths, RepositoryName name)
    {
        var files = 0;
        for (var i = 0; i < ImagesPerRepository; i++)
        {
            var image = ScaleContent.Image(name, i);
            var digest = ScaleContent.DigestOf(image);
            Write(paths.BlobDirectory(digest), "data", image);
            Write(paths.Revision(name, digest), DataPaths.LinkFile, Encoding.ASCII.GetBytes(digest.Value));
            Write(paths.TagCurrent(name, ScaleContent.TagOf(i)), DataPaths.LinkFile, Encoding.ASCII.GetBytes(digest.Value));
            Write(paths.TagIndex(name, ScaleContent.TagOf(i), digest), DataPaths.LinkFile, Encoding.ASCII.GetBytes(digest.Value));
            foreach (var blob in ManifestReader.Read(image, null).Value.Blobs.Where(blob => blob.Digest != ScaleContent.BaseDigest))
            {
                Write(paths.BlobDirectory(blob.Digest), "data", new byte[blob.Size]);
                Write(paths.Layer(name, blob.Digest), DataPaths.LinkFile, Encoding.ASCII.GetBytes(blob.Digest.Value));
            }
        }

        return files;

        void Write(string directory, string file, byte[] content)
        {
            Directory.CreateDirectory(directory);
            File.WriteAllBytes(Path.Combine(directory, file), content);
            files++;
        }
    }
}
