// Runs a graph in ONNX Runtime: onnx.js MODEL INPUT=TYPE:SHAPE:FILE... OUTFILE; files are raw little-endian numbers.
const fs = require('fs'), ort = require('onnxruntime-node');
const [model, ...rest] = process.argv.slice(2), out = rest.pop(), feeds = {};
for (const word of rest) {
    const [name, spec] = word.split('='), [type, shape, file] = spec.split(':'), bytes = fs.readFileSync(file);
    const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    feeds[name] = new ort.Tensor(type, type === 'int64' ? new BigInt64Array(copy) : new Float32Array(copy), shape.split('x').map(Number));
}
ort.InferenceSession.create(model).then((session) => session.run(feeds)).then((said) => {
    const x = said.samples.data;
    fs.writeFileSync(out, Buffer.from(x.buffer, x.byteOffset, x.byteLength));
});
